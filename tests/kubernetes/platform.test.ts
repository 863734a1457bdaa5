import { pipelines } from "../../infra/pipelines";
import { draftFor } from "../../infra/program";
import type { KubeObject } from "./standin/api";
import { type PlayedCluster, playCluster } from "./support/cluster";
import { type ControlPlane, startControlPlane } from "./support/control-plane";
import { configOf, type Event, openTestStack, type TestStack } from "./support/stack";

/** The real program, through the real engine, into a real API server. */
let plane: ControlPlane;
let cluster: PlayedCluster;
let stack: TestStack;

beforeAll(async () => {
  plane = await startControlPlane();
  cluster = await playCluster(plane.api);
}, 180_000);

afterAll(async () => {
  await stack?.remove();
  await cluster?.stop();
  await plane?.stop();
});

const same = { same: expect.any(Number) };
/** Position of the first, or the last, event of a kind. */
const at = (events: readonly Event[], what: Event["what"], kind: string, name?: RegExp) => {
  const found = events.flatMap((event, index) =>
    event.what === what && event.type.endsWith(`:${kind}`) && (!name || name.test(event.name)) ? [index] : [],
  );
  if (found.length === 0) throw new Error(`no ${kind} ${name ?? ""} was noted: ${what}`);
  return { first: found[0] as number, last: found.at(-1) as number };
};
const namespaces = async () =>
  (await plane.api.list("v1", "Namespace"))
    .map(({ metadata }) => metadata.name)
    .filter((name) => /^millrace/.test(name));

describe("kind", () => {
  const config = configOf({ environment: "kind", domain: "data.example" });

  test("everything is accepted, and becomes ready in the order in which it is needed", async () => {
    stack = await openTestStack(plane, "kind", config);
    const { create } = await stack.up();
    expect(create).toBeGreaterThan(100);
    const events = stack.events();
    expect(at(events, "apply", "KafkaTopic").first).toBeGreaterThan(at(events, "ready", "Kafka").last);
    expect(at(events, "apply", "Deployment", /^registry$/).first).toBeGreaterThan(at(events, "ready", "Database").last);
    const isSetUp = at(events, "ready", "Job", /^setup$/).last;
    expect(at(events, "apply", "KafkaConnector").first).toBeGreaterThan(isSetUp);
    expect(at(events, "apply", "FlinkDeployment").first).toBeGreaterThan(isSetUp);
    expect(at(events, "apply", "Deployment", /consumer/).first).toBeGreaterThan(isSetUp);
    expect(at(events, "apply", "KafkaConnector").first).toBeGreaterThan(at(events, "ready", "KafkaConnect").last);
  });

  test("a second up changes nothing", async () => {
    expect(await stack.up()).toEqual(same);
  });

  test("a setting of an app changes that app, and nothing else", async () => {
    stack.events();
    stack.use({ ...config, settings: { "entities-simulator": { changesPerSecond: 3 } } });
    expect(await stack.up()).toEqual({ ...same, update: 1 });
    expect(stack.events().map(({ what, name }) => `${what} ${name}`)).toEqual([
      "apply entities-simulator",
      "ready entities-simulator",
    ]);
    stack.use(config);
    await stack.up();
  });

  test("what was changed by hand is seen, and mended", async () => {
    const topic = {
      apiVersion: "kafka.strimzi.io/v1",
      kind: "KafkaTopic",
      metadata: { name: "raw-business-events", namespace: "millrace" },
    };
    await plane.api.merge(topic, { spec: { partitions: 9 } });
    expect((await stack.stack.refresh()).summary.resourceChanges).toEqual({ ...same, update: 1 });
    expect(await stack.up()).toEqual({ ...same, update: 1 });
    expect((await plane.api.get(topic))?.spec.partitions).toBe(3);
  });

  test("a pod of each template that an operator makes pods of is let in, and one that is not restricted is not", async () => {
    const templates = await operatedTemplates();
    expect(templates.length).toBeGreaterThan(4);
    for (const spec of templates) await tryPod(spec);
    const [first] = templates as [KubeObject["spec"], ...KubeObject["spec"][]];
    await expect(tryPod({ ...first, hostNetwork: true })).rejects.toThrow(/violates PodSecurity/);
  });

  test("one pipeline alone takes less, and no change here", async () => {
    const [first] = pipelines;
    stack.use({ ...config, pipelines: [first?.name ?? ""] });
    const changes = (await stack.stack.preview()).changeSummary;
    expect(changes.delete ?? 0).toBeGreaterThan(pipelines.length > 1 ? 5 : -1);
    stack.use(config);
  });

  test("destroy goes in reverse, and leaves nothing", async () => {
    stack.events();
    await stack.stack.destroy({ parallel: 32 });
    const events = stack.events();
    expect(at(events, "delete", "KafkaConnect").first).toBeGreaterThan(at(events, "delete", "KafkaConnector").last);
    expect(at(events, "delete", "Database").first).toBeGreaterThan(at(events, "delete", "KafkaConnector").last);
    expect(at(events, "delete", "Kafka").first).toBeGreaterThan(at(events, "delete", "KafkaTopic").last);
    expect(at(events, "delete", "Namespace").first).toBeGreaterThan(at(events, "delete", "Cluster").last);
    expect(await namespaces()).toEqual([]);
    await stack.remove();
  });
});

test("staging is accepted, changes nothing the second time, and goes", async () => {
  stack = await openTestStack(
    plane,
    "staging",
    configOf({ environment: "staging", imageRegistry: "registry.example/millrace" }),
  );
  await stack.up();
  expect(await stack.up()).toEqual(same);
  await stack.stack.destroy({ parallel: 32 });
  expect(await namespaces()).toEqual([]);
});

test("prod wants to know where the databases of others are; what holds data is protected", async () => {
  const upstream = (name: string) => ({
    host: `${name}.example`,
    port: 5432,
    user: "millrace",
    secret: `${name}-login`,
  });
  const { problems } = await draftFor("prod", configOf({ environment: "prod" }));
  expect(problems.map(({ message }) => message).filter((message) => /no stand-ins/.test(message))).toHaveLength(2);
  const upstreams = { entities: upstream("entities"), food: upstream("food") };
  stack = await openTestStack(plane, "prod", configOf({ environment: "prod", upstreams }));
  const adding = addSecrets(Object.values(upstreams).map(({ secret }) => secret));
  await Promise.all([stack.up(), adding]);
  expect(await stack.up()).toEqual(same);
  await expect(stack.stack.destroy()).rejects.toThrow(/protect/);
});

/** As somebody who knows them would. */
async function addSecrets(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const secret = { metadata: { name }, stringData: { password: "of theirs" } };
    const add = () =>
      plane.api.call("POST", "/api/v1/namespaces/millrace/secrets", secret).then(
        () => true,
        () => false,
      );
    while (!(await add())) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What the operators make pods of, as far as it is ours. */
async function operatedTemplates(): Promise<KubeObject["spec"][]> {
  const list = (apiVersion: string, kind: string) => plane.api.list(apiVersion, kind, "millrace");
  const flink = await list("flink.apache.org/v1beta1", "FlinkDeployment");
  const strimzi = "kafka.strimzi.io/v1";
  const [connect] = await list(strimzi, "KafkaConnect");
  const [kafka] = await list(strimzi, "Kafka");
  const bare = (name: string, pod: KubeObject, container: object) => ({
    securityContext: pod.securityContext,
    containers: [{ name, image: "image", ...container }],
    volumes: pod.volumes ?? [],
  });
  const { entityOperator, kafkaExporter } = kafka?.spec ?? {};
  return [
    ...flink.map(({ spec }) => ({
      ...spec.podTemplate.spec,
      containers: spec.podTemplate.spec.containers.map((one: object) => ({ ...one, image: spec.image })),
    })),
    bare("connect", connect?.spec.template.pod, connect?.spec.template.connectContainer),
    bare("kafka", kafka?.spec.kafka.template.pod, kafka?.spec.kafka.template.kafkaContainer),
    bare("topic-operator", entityOperator.template.pod, entityOperator.template.topicOperatorContainer),
    bare("exporter", kafkaExporter.template.pod, kafkaExporter.template.container),
  ];
}

const tryPod = (spec: KubeObject["spec"]) =>
  plane.api.call("POST", "/api/v1/namespaces/millrace/pods?dryRun=All", { metadata: { name: "tried" }, spec });
