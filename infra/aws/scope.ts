import type { Provider } from "@pulumi/aws/provider";
import type * as pulumi from "@pulumi/pulumi";
import type { Environment } from "../environments";

/** What every part on AWS is made with. */
export interface Scope {
  /** Beginning of the names of all things: `millrace-<stack>`. */
  readonly name: string;
  readonly region: string;
  /** Number of the account. */
  readonly account: pulumi.Output<string>;
  readonly sizes: Environment;
  readonly parent: pulumi.Resource;
  readonly provider: Provider;
}

export const within = ({ parent, provider }: Scope, more: pulumi.CustomResourceOptions = {}) => ({
  parent,
  provider,
  ...more,
});

/** What holds data is not deleted by mistake where the environment says so. */
export const holdsData = (scope: Scope, more: pulumi.CustomResourceOptions = {}) =>
  within(scope, { protect: scope.sizes.protect, ...more });

export interface Statement {
  readonly Sid?: string;
  readonly Effect?: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy document as AWS reads it. */
export const document = (...statements: readonly Statement[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements.map((one) => ({ Effect: "Allow", ...one })) });

/** Who may take a role on: a service of AWS. */
export const trust = (service: string, ...actions: readonly string[]): string =>
  document({ Principal: { Service: service }, Action: actions.length > 0 ? actions : "sts:AssumeRole" });
