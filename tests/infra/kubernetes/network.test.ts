import fc from "fast-check";
import { acl } from "../../../infra/kubernetes/kafka";
import { workloadLabel } from "../../../infra/kubernetes/names";
import { networkPolicies } from "../../../infra/kubernetes/network";
import {
  type App,
  app,
  avro,
  database,
  deadLetter,
  type FlinkJob,
  flinkJob,
  pipeline,
  topic,
} from "../../../infra/model";
import { planAccess } from "../../../infra/plan/access";
import { planNetwork } from "../../../infra/plan/network";
import type { Plan } from "../../../infra/plan/types";

/** Every declared edge is open, every other is closed: worked out a second time from what is declared, and held against policies read as a cluster reads them. */

const topics = ["t0", "t1", "t2"].map((name) => topic(name, { schema: avro("x", "FULL"), key: "id" }));
const shop = database("shop");
const tables = ["orders", "items"].map((name) => shop.table(name));

const some = <T>(...all: readonly T[]) => fc.subarray([...all]);
const ends = fc.tuple(some(...topics), some(...tables)).map(([t, d]) => [...t, ...d]);
const appArgs = fc.record({
  reads: ends,
  writes: ends,
  rejects: fc.option(fc.constantFrom(...topics).map(deadLetter), { nil: undefined }),
});
const jobArgs = fc.record({ reads: fc.subarray([...topics], { minLength: 1 }), writes: some(...topics) });
const declared = fc.record({
  apps: fc.array(appArgs, { minLength: 1, maxLength: 4 }),
  jobs: fc.array(jobArgs, { maxLength: 3 }),
  /** The app of the first number calls the one of the second. */
  calls: fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 3 }),
});
type Declared = typeof declared extends fc.Arbitrary<infer T> ? T : never;

function planOf({ apps, jobs, calls }: Declared) {
  const parts = [
    ...apps.map((args, i) => app(`app-${i}`, args as App["args"])),
    ...jobs.map((args, i) => flinkJob(`job-${i}`, args as FlinkJob["args"])),
  ];
  const principals = planAccess([pipeline("all", parts)], "apart");
  const called = (from: number) =>
    calls.filter(([a, b]) => a === from && a !== b && b < apps.length).map(([, b]) => `app-${b}`);
  return {
    principals,
    databases: [{ name: "shop" }],
    captures: [],
    apps: apps.map((_, i) => ({ name: `app-${i}`, calls: called(i) })),
    jobs: jobs.map((_, i) => ({ name: `job-${i}` })),
  } as unknown as Plan;
}

/** What is declared, said in the plainest way: `from to`. */
function expected({ apps, jobs, calls }: Declared): Set<string> {
  const open = new Set(["setup registry", "setup postgres", "registry postgres"]);
  const uses = (name: string, all: readonly { kind: string }[]) => {
    if (all.some(({ kind }) => kind !== "table"))
      for (const service of ["kafka", "registry"]) open.add(`${name} ${service}`);
    if (all.some(({ kind }) => kind === "table")) open.add(`${name} postgres`);
  };
  for (const [i, { reads, writes, rejects }] of apps.entries())
    uses(`app-${i}`, [...reads, ...writes, ...(rejects ? [rejects] : [])]);
  for (const [i, { reads, writes }] of jobs.entries()) uses(`flink-job-${i}`, [...reads, ...writes]);
  for (const [a, b] of calls) if (a !== b && a < apps.length && b < apps.length) open.add(`app-${a} app-${b}`);
  return open;
}

interface Pod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}
const own = (labels: Pod["labels"]): Pod => ({ namespace: "millrace", labels });
const services: Readonly<Record<string, { pod: Pod; port: number }>> = {
  kafka: {
    pod: own({ "strimzi.io/cluster": "millrace", "strimzi.io/kind": "Kafka", [workloadLabel]: "kafka" }),
    port: 9093,
  },
  registry: { pod: own({ [workloadLabel]: "registry" }), port: 8080 },
  postgres: { pod: own({ "cnpg.io/cluster": "postgres", [workloadLabel]: "postgres" }), port: 5432 },
};
const strangers: Readonly<Record<string, Pod>> = {
  "a pod without labels": own({}),
  "a pod of another namespace": { namespace: "other", labels: { [workloadLabel]: "app-0" } },
};

// biome-ignore lint/suspicious/noExplicitAny: policies as Kubernetes has them
type Any = any;
type Policies = ReadonlyMap<string, Any>;

const matches = (selector: Any, labels: Pod["labels"]) =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
const isPeer = (peer: Any, pod: Pod) =>
  (peer.namespaceSelector ? matches(peer.namespaceSelector, {}) : pod.namespace === "millrace") &&
  (!peer.podSelector || matches(peer.podSelector, pod.labels));

/** As a cluster reads them: a pod that any policy of a direction selects may do only what one of those says. */
function isOpen(policies: Policies, from: Pod, to: Pod, port: number): boolean {
  const passes = (direction: "Ingress" | "Egress", pod: Pod, other: Pod) => {
    if (pod.namespace !== "millrace") return true;
    const selected = [...policies.values()].filter(
      (policy) => policy.policyTypes.includes(direction) && matches(policy.podSelector, pod.labels),
    );
    if (selected.length === 0) return true;
    const rules = selected.flatMap((policy) => policy[direction === "Ingress" ? "ingress" : "egress"] ?? []);
    const side = direction === "Ingress" ? "from" : "to";
    return rules.some(
      (rule: Any) =>
        (!rule.ports || rule.ports.some((one: Any) => one.port === port)) &&
        (!rule[side] || rule[side].some((peer: Any) => isPeer(peer, other))),
    );
  };
  return passes("Egress", from, to) && passes("Ingress", to, from);
}

const policiesOf = (plan: Plan) =>
  networkPolicies({
    edges: planNetwork(plan),
    jobs: plan.jobs.map(({ name }) => `flink-${name}`),
    apps: plan.apps.map(({ name }) => name),
    exposed: new Set(),
    upstreams: [],
  });

test("network policies open every declared edge, and no other", () => {
  fc.assert(
    fc.property(declared, (given) => {
      const plan = planOf(given);
      const policies = policiesOf(plan);
      const workloads = [
        "setup",
        "connect",
        "registry",
        ...plan.apps.map(({ name }) => name),
        ...plan.jobs.map(({ name }) => `flink-${name}`),
      ];
      const callers = new Map<string, Pod>([
        ...workloads.map((name): [string, Pod] => [name, own({ [workloadLabel]: name })]),
        ...Object.entries(strangers),
      ]);
      const called = new Map([
        ...Object.entries(services),
        ...plan.apps.map(({ name }): [string, { pod: Pod; port: number }] => [
          name,
          { pod: own({ [workloadLabel]: name }), port: 8080 },
        ]),
      ]);
      const open = expected(given);
      for (const [from, caller] of callers) {
        for (const [to, { pod, port }] of called) {
          if (from === to) continue;
          expect(`${from} ${to} ${isOpen(policies, caller, pod, port)}`).toBe(
            `${from} ${to} ${open.has(`${from} ${to}`)}`,
          );
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("an access list says what the graph grants, and nothing else", () => {
  fc.assert(
    fc.property(declared, (given) => {
      for (const { kafka } of planOf(given).principals) {
        const said = kafka.map(acl).map(({ resource, operations }) => ({ ...resource, operations }));
        const granted = kafka.map(({ resource, name, operations }) =>
          resource === "cluster"
            ? { type: "cluster", operations }
            : { type: resource, name, patternType: "literal", operations },
        );
        expect(said).toEqual(granted);
      }
    }),
    { numRuns: 30 },
  );
});

test("what is public is reached from anywhere, and only that", () => {
  const plan = planOf({
    apps: [
      { reads: [], writes: [], rejects: undefined },
      { reads: [], writes: [], rejects: undefined },
    ],
    jobs: [],
    calls: [],
  });
  const policies = networkPolicies({
    edges: planNetwork(plan),
    jobs: [],
    apps: ["app-0", "app-1"],
    exposed: new Set(["app-0"]),
    upstreams: [],
  });
  const outside: Pod = { namespace: "ingress-nginx", labels: { app: "controller" } };
  const open = ["app-0", "app-1"].filter((name) => isOpen(policies, outside, own({ [workloadLabel]: name }), 8080));
  expect(open).toEqual(["app-0"]);
});
