import { Bucket } from "@pulumi/aws/s3/bucket";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning";
import type * as pulumi from "@pulumi/pulumi";
import type { BucketName } from "../plan/cloud-access";
import { document, holdsData, type Scope, within } from "./scope";

/** A bucket of ours: encrypted with our key, versioned, closed to the public and to whoever comes without TLS, old versions gone after a while. */
export function bucket(scope: Scope, kind: BucketName, key: pulumi.Input<string>): Bucket {
  const its = `${scope.name}-${kind}`;
  const { protect, aws } = scope.sizes;
  // The end of the name is AWS' to choose: names are the same for everybody in the world.
  const made = new Bucket(its, { bucketPrefix: `${its.slice(0, 36)}-`, forceDestroy: !protect }, holdsData(scope));
  const of = { bucket: made.id };
  const versioning = new BucketVersioning(
    its,
    { ...of, versioningConfiguration: { status: "Enabled" } },
    within(scope),
  );
  new BucketServerSideEncryptionConfiguration(
    its,
    {
      ...of,
      rules: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key },
          bucketKeyEnabled: true,
        },
      ],
    },
    within(scope),
  );
  const block = new BucketPublicAccessBlock(
    its,
    { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    within(scope),
  );
  new BucketOwnershipControls(its, { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } }, within(scope));
  new BucketPolicy(
    its,
    {
      ...of,
      policy: made.arn.apply((arn) =>
        document({
          Sid: "OnlyTls",
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }),
      ),
    },
    within(scope, { dependsOn: [block] }),
  );
  new BucketLifecycleConfiguration(
    its,
    {
      ...of,
      rules: [
        {
          id: "old-versions",
          status: "Enabled",
          filter: { prefix: "" },
          noncurrentVersionExpiration: { noncurrentDays: aws.oldVersionDays },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 3 },
        },
        // Raw data of a lake is read often when it is new, and seldom later.
        ...(kind === "lake"
          ? [
              {
                id: "seldom-read",
                status: "Enabled",
                filter: { prefix: "" },
                transitions: [{ days: 60, storageClass: "INTELLIGENT_TIERING" }],
              },
            ]
          : []),
      ],
    },
    within(scope, { dependsOn: [versioning] }),
  );
  return made;
}
