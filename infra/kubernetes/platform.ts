import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config";
import { environments } from "../environments";
import { connectGrants, connectPrincipal, connectTopics } from "../local/connect";
import { Password } from "../local/resources";
import { capturePrincipal } from "../plan/access";
import { jobWorkload, planNetwork } from "../plan/network";
import type { Plan } from "../plan/types";
import { endpointsIn, portForwards } from "./addresses";
import { app } from "./app";
import { connect, connector, connectorSettings, ownSource, type Source } from "./connect";
import { flinkAccount, flinkJob } from "./flink";
import { type ImageRegistry, images } from "./images";
import { kafka, kafkaTopic, kafkaUser } from "./kafka";
import { lakeVolume, usesLakes } from "./lake";
import { monitors } from "./monitoring";
import { ownerRole, registryDatabase } from "./names";
import { namespace, restricted } from "./namespace";
import { network } from "./network";
import { installOperators } from "./operators";
import { database, pooler, postgres, roleSecret } from "./postgres";
import { registry } from "./registry";
import type { Buckets, Scope } from "./scope";
import { setupOf } from "./setup/setup";
import { setupJob } from "./setup-job";

export interface KubernetesArgs {
  readonly plan: Plan;
  readonly config: StackConfig;
  readonly provider: k8s.Provider;
  readonly registry: ImageRegistry;
  readonly buckets?: Buckets;
  /** Of the platform's namespace. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The plan on operators of a cluster. */
export class KubernetesPlatform extends pulumi.ComponentResource {
  readonly portForwards: Readonly<Record<string, string>>;

  constructor(name: string, args: KubernetesArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("millrace:kubernetes:Platform", name, {}, opts);
    const { plan, config, provider } = args;
    const scope: Scope = {
      namespace: config.namespace,
      environment: config.environment,
      sizes: environments[config.environment],
      buckets: args.buckets,
      parent: this,
      provider,
    };
    const endpoints = endpointsIn(config.namespace);
    const child = { parent: this, provider };
    const operators =
      config.operators === "install" ? installOperators(config.namespace, config.environment, child) : [];
    const space = namespace(config.namespace, restricted, args.annotations ?? {}, child);
    const base = [space, ...operators];
    const image = images(args.registry, { parent: this });
    const edges = planNetwork(plan);
    const jobs = plan.jobs.map((job) => jobWorkload(job.name));
    const readers = [
      ...plan.captures.map(({ database: name }) => ({ from: "connect", name })),
      ...plan.apps.flatMap(({ name: from, database: name }) => (name === undefined ? [] : [{ from, name }])),
    ];
    const upstreams = readers.flatMap(({ from, name }) => {
      const port = config.upstreams[name]?.port;
      return port === undefined ? [] : [{ from, port }];
    });
    const isPublic = plan.apps.filter(({ publicPaths }) => config.domain !== "" && publicPaths.length > 0);
    const exposed = new Set(isPublic.map((one) => one.name));
    // First up and last down: at no time is anything open that need not be.
    const policies = network(scope, { edges, jobs, apps: plan.apps.map((one) => one.name), exposed, upstreams }, [
      space,
    ]);
    const ground = [...base, ...policies];

    // Postgres, its databases and its roles.
    const isOwn = new Set(plan.databases.filter(({ external }) => !external).map((one) => one.name));
    const roles = plan.principals.filter(({ postgres: grants }) => grants.some((grant) => isOwn.has(grant.database)));
    const secrets = [ownerRole, registryDatabase, ...roles.map((role) => role.name)].map((role) =>
      roleSecret(scope, role, new Password(role, { user: role }, { parent: this }).value, [space]),
    );
    const server = postgres(scope, [{ name: registryDatabase, replication: false }, ...roles], secrets, ground);
    pooler(scope, server);
    const databases = [registryDatabase, ...isOwn].map((one) => database(scope, one, server));

    // Kafka, its users and its topics.
    const cluster = kafka(
      scope,
      ground,
      edges.filter(({ to }) => to === "kafka").map(({ from }) => from),
    );
    const apps = new Set(plan.apps.map((one) => one.principal));
    const principals = [...plan.principals, { name: connectPrincipal, kafka: connectGrants }];
    const users = new Map(
      principals
        .filter((principal) => principal.kafka.length > 0)
        .map((principal) => [principal.name, kafkaUser(scope, principal, apps.has(principal.name), cluster)]),
    );
    const connectOwn = connectTopics.map((topic) =>
      kafkaTopic(scope, { name: topic, partitions: 1, config: { "cleanup.policy": "compact" } }, cluster),
    );
    const topics = plan.topics.map((topic) => kafkaTopic(scope, topic, cluster));

    // The registry, and everything that is declared of databases and subjects.
    const registryService = registry(scope, image.platform("registry"), endpoints, [...ground, ...databases]);
    const setup = setupJob(scope, image.setup, setupOf(plan), endpoints, [registryService, ...databases]);

    // Captures.
    const captures = plan.captures.map((capture) => {
      const source = isOwn.has(capture.database)
        ? ownSource(capture.name, endpoints)
        : sourceOf(config, capture.database);
      return { capture, source };
    });
    if (captures.length > 0) {
      const workers = connect(scope, image.platform("connect"), endpoints, captures, [
        users.get(connectPrincipal) as pulumi.Resource,
        ...captures.map(({ capture }) => users.get(capturePrincipal(capture.name)) as pulumi.Resource),
        ...connectOwn,
      ]);
      for (const { capture, source } of captures) {
        connector(scope, capture, connectorSettings(capture, source, endpoints), [workers, setup, ...topics]);
      }
    }

    // Jobs and apps.
    const lake = [...plan.jobs, ...plan.apps].some(usesLakes) ? lakeVolume(scope, [space]) : undefined;
    const account = plan.jobs.length > 0 ? flinkAccount(scope, [space]) : [];
    for (const job of plan.jobs) {
      const needs = [...account, users.get(job.principal), setup, lake, ...topics];
      flinkJob(scope, { job, image: image.platform("flink"), needs }, [space]);
    }
    for (const planned of plan.apps) {
      const principal = plan.principals.find((one) => one.name === planned.principal);
      if (!principal) throw new Error(`app ${planned.name} has no principal`);
      const needs = [users.get(planned.principal), setup, lake, ...topics];
      app(scope, {
        app: planned,
        principal,
        image: image.app(planned.folder),
        domain: config.domain,
        upstreams: config.upstreams,
        needs,
      });
    }
    monitors(
      scope,
      jobs,
      plan.apps.map((one) => one.name),
      ground,
    );
    this.portForwards = portForwards(
      config.namespace,
      plan.jobs.map((job) => job.name),
      plan.apps.map((one) => one.name),
    );
    this.registerOutputs({});
  }
}

/** Where a database is that somebody else runs. */
function sourceOf({ upstreams }: StackConfig, database: string): Source {
  const given = upstreams[database];
  if (!given) throw new Error(`nothing is configured of database ${database}`);
  return { host: given.host, port: given.port, user: given.user, secret: given.secret, ca: undefined };
}
