import { Secret } from "@pulumi/aws/secretsmanager/secret";
import * as pulumi from "@pulumi/pulumi";
import { document, holdsData, type Scope } from "./scope";

/** A place for a secret that a person puts in, by the name that it has in the cluster, too: `millrace-<stack>/<name>`. The program never sees its value. */
export function secret(scope: Scope, name: string, key: pulumi.Input<string>): Secret {
  return new Secret(
    `${scope.name}-${name}`,
    {
      name: `${scope.name}/${name}`,
      description: `JSON with key "password"; kept in the cluster as secret ${name}`,
      kmsKeyId: key,
      recoveryWindowInDays: scope.sizes.protect ? 30 : 0,
    },
    holdsData(scope),
  );
}

/** Reads these secrets and no others. */
export const readSecrets = (secrets: readonly Secret[], key: pulumi.Input<string>, region: string) =>
  pulumi.all([key, ...secrets.map(({ arn }) => arn)]).apply(([keyArn, ...arns]) =>
    document(
      { Action: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], Resource: arns },
      {
        Action: "kms:Decrypt",
        Resource: keyArn,
        Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` } },
      },
    ),
  );
