import type { PrincipalPlan } from "../types";
import type { Change } from "./change";

/** Rights that each principal gains and loses. */
export function accessChanges(before: readonly PrincipalPlan[], after: readonly PrincipalPlan[]): Change[] {
  const rights = (plans: readonly PrincipalPlan[]) => new Map(plans.map((plan) => [plan.name, rightsOf(plan)]));
  const [was, is] = [rights(before), rights(after)];
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((name): Change[] => {
    const [former, now] = [was.get(name) ?? [], is.get(name) ?? []];
    const gained = now.filter((right) => !former.includes(right)).map((right) => `may ${right}`);
    const lost = former.filter((right) => !now.includes(right)).map((right) => `may no longer ${right}`);
    if (gained.length + lost.length === 0) return [];
    const kind = !was.has(name) ? "added" : is.has(name) ? "changed" : "removed";
    return [{ kind, what: name, how: [...gained, ...lost] }];
  });
}

/** Every right in words; `Describe` comes with the others and says nothing. */
function rightsOf({ kafka, postgres, replication }: PrincipalPlan): string[] {
  return [
    ...kafka.flatMap(({ resource, name, prefix, operations }) =>
      operations
        .filter((operation) => operation !== "Describe")
        .map((operation) => `${verbs[operation]} ${resource} ${name}${prefix ? "…" : ""}`),
    ),
    ...postgres.flatMap(({ database, table, privileges }) =>
      privileges.map((privilege) => `${privilege} ${database}.${table}`),
    ),
    ...(replication ? ["read a database's log"] : []),
  ];
}

const verbs: Readonly<Record<PrincipalPlan["kafka"][number]["operations"][number], string>> = {
  Read: "read",
  Write: "write",
  Describe: "describe",
  Create: "create",
  IdempotentWrite: "write once each to",
  DescribeConfigs: "see the configuration of",
};
