import { Alias } from "@pulumi/aws/kms/alias";
import { Key } from "@pulumi/aws/kms/key";
import { document, holdsData, type Scope, within } from "./scope";

/** One key for all that is kept: objects, images, secrets of the cluster, logs. It turns over each year. */
export function key(scope: Scope): Key {
  const { name, region, account } = scope;
  const made = new Key(
    name,
    {
      description: `Data of ${name}`,
      enableKeyRotation: true,
      deletionWindowInDays: scope.sizes.protect ? 30 : 7,
      policy: account.apply((number) =>
        document(
          // Who may use it otherwise is said by the policies of roles.
          { Sid: "Account", Principal: { AWS: `arn:aws:iam::${number}:root` }, Action: "kms:*", Resource: "*" },
          {
            Sid: "Logs",
            Principal: { Service: `logs.${region}.amazonaws.com` },
            Action: [
              "kms:Encrypt",
              "kms:Decrypt",
              "kms:ReEncryptFrom",
              "kms:ReEncryptTo",
              "kms:GenerateDataKey",
              "kms:DescribeKey",
            ],
            Resource: "*",
            Condition: {
              ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:${region}:${number}:log-group:*` },
            },
          },
        ),
      ),
    },
    holdsData(scope),
  );
  new Alias(name, { name: `alias/${name}`, targetKeyId: made.keyId }, within(scope));
  return made;
}
