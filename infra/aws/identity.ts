import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation";
import { Role } from "@pulumi/aws/iam/role";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment";
import type * as pulumi from "@pulumi/pulumi";
import { type Scope, trust, within } from "./scope";

export interface IdentityArgs {
  readonly cluster: pulumi.Input<string>;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** A policy document. */
  readonly policy?: pulumi.Input<string>;
  /** Name of a policy that AWS keeps for its own add-on. */
  readonly managed?: string;
}

export const managedPolicy = (name: string) => `arn:aws:iam::aws:policy/${name}`;

/** Pods of one service account act as a role of its own, without a key anywhere: EKS hands them credentials of an hour. */
export function identity(scope: Scope, name: string, args: IdentityArgs): PodIdentityAssociation {
  const its = `${scope.name}-${name}`;
  const assumeRolePolicy = trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession");
  const role = new Role(its, { assumeRolePolicy }, within(scope));
  if (args.policy) new RolePolicy(its, { role: role.id, policy: args.policy }, within(scope));
  if (args.managed) {
    new RolePolicyAttachment(its, { role: role.name, policyArn: managedPolicy(args.managed) }, within(scope));
  }
  const { cluster: clusterName, namespace, serviceAccount } = args;
  return new PodIdentityAssociation(its, { clusterName, namespace, serviceAccount, roleArn: role.arn }, within(scope));
}
