import * as pulumi from "@pulumi/pulumi";
import { formatProblem, type Problem } from "../plan/problems";
import { noPublicBucket, noWildcardIam } from "./aws";
import { dataProtected } from "./data";
import { imagesPinned, limitsEverywhere, noPrivilegedPod } from "./pods";
import type { Policy } from "./policy";
import { type Registered, settle } from "./resource";
import { noPlainSecret } from "./secrets";

export type { Registered } from "./resource";

/** What every resource is held to, in preview as in up. */
export const policies: readonly Policy[] = [
  noPrivilegedPod,
  limitsEverywhere,
  imagesPinned,
  noPlainSecret,
  noPublicBucket,
  noWildcardIam,
  dataProtected,
];

/** @param isProtected whether the environment protects what holds data */
export function violations(resource: Registered, isProtected: boolean): Problem[] {
  return policies
    .filter(({ protectedOnly }) => isProtected || !protectedOnly)
    .flatMap(({ name, check }) =>
      [...check(resource)].map(({ path, message, fix }) => ({
        path: `${resource.type} ${resource.name} › ${path}`,
        message: `${message} Policy: ${name}.`,
        fix,
      })),
    );
}

/** Holds every resource that is registered from now on to the policies: the engine asks before it looks at one. What charts make in the cluster is not seen. */
export function enforce(isProtected: boolean): void {
  pulumi.runtime.registerResourceTransform(async ({ type, name, props, opts }) => {
    const settled = (await settle(props)) as Registered["props"];
    const problems = violations({ type, name, props: settled, protect: opts.protect === true }, isProtected);
    if (problems.length > 0) throw new pulumi.RunError(problems.map(formatProblem).join("\n"));
    return undefined;
  });
}
