import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup";
import type * as pulumi from "@pulumi/pulumi";
import { type Scope, within } from "./scope";

/** A group whose lines are encrypted with our key, and go after the days that the environment says. */
export function logGroup(scope: Scope, suffix: string, group: string, key: pulumi.Input<string>): LogGroup {
  const args = { name: group, retentionInDays: scope.sizes.aws.logDays, kmsKeyId: key };
  return new LogGroup(`${scope.name}-${suffix}`, args, within(scope));
}
