import type { Bucket } from "@pulumi/aws/s3/bucket";
import * as pulumi from "@pulumi/pulumi";
import type { BucketName, ObjectAccess } from "../plan/cloud-access";
import { document, type Statement } from "./scope";

/** What a workload may do with the objects that are its own: no other prefix, no other bucket, and the key that they are encrypted with through S3 only. */
export function objectPolicy(
  access: readonly ObjectAccess[],
  buckets: Readonly<Record<BucketName, Bucket>>,
  key: pulumi.Input<string>,
  region: string,
): pulumi.Output<string> {
  const statements = access.map(({ bucket, prefixes }) =>
    pulumi.output(buckets[bucket].arn).apply((arn): Statement[] => [
      {
        Action: ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation"],
        Resource: arn,
      },
      {
        Action: [
          "s3:GetObject",
          "s3:PutObject",
          "s3:DeleteObject",
          "s3:AbortMultipartUpload",
          "s3:ListMultipartUploadParts",
        ],
        Resource: prefixes.map((prefix) => `${arn}/${prefix}/*`),
      },
    ]),
  );
  return pulumi.all([pulumi.output(key), pulumi.all(statements)]).apply(([keyArn, all]) =>
    document(...all.flat(), {
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: keyArn,
      Condition: { StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
    }),
  );
}
