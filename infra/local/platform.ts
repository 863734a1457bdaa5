import * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../plan/types";
import { loopback, portsOf } from "./addresses";
import { app, entryOf } from "./app";
import { bundle } from "./bundle";
import { captureConfig, connect, connectGrants, connectPrincipal, connectTopics } from "./connect";
import { flink, jobScript, stateFolder } from "./flink";
import { admin, flinkShading, jaas, kafka } from "./kafka";
import { postgres, superuser } from "./postgres";
import { registry, registryDatabase } from "./registry";
import {
  Access,
  Connector,
  Database,
  Migration,
  Password,
  type Process,
  Publication,
  Role,
  SqlJob,
  Subject,
  Topic,
} from "./resources";

export interface LocalArgs {
  readonly plan: Plan;
  /** Folder of the project. */
  readonly projectRoot: string;
  /** Folder of the stack, `.millrace/<stack>`, absolute. */
  readonly root: string;
  readonly portBase: number;
  /** Folder for Postgres' archive and base backups, absolute; undefined: none. */
  readonly backup: string | undefined;
}

type Options = pulumi.CustomResourceOptions;

/** The plan as processes on this machine, and what lives in them. */
export class LocalPlatform extends pulumi.ComponentResource {
  readonly adminPassword: pulumi.Output<string>;
  readonly superuserPassword: pulumi.Output<string>;

  constructor(name: string, args: LocalArgs) {
    super("millrace:local:Platform", name);
    const ports = portsOf(args.portBase);
    const { plan, root } = args;
    const child = (opts: Options = {}): Options => ({ parent: this, ...opts });
    /** Gone with the service that holds it: nothing to undo one by one when that goes too. */
    const within = (service: Process, opts: Options = {}): Options =>
      child({ ...opts, deletedWith: service, dependsOn: [service, ...((opts.dependsOn as pulumi.Resource[]) ?? [])] });

    const passwords = new Map<string, pulumi.Output<string>>();
    for (const user of [superuser, admin, registryDatabase, connectPrincipal, ...plan.principals.map((p) => p.name)]) {
      passwords.set(user, new Password(user, { user }, child()).value);
    }
    const passwordOf = (user: string) => passwords.get(user) as pulumi.Output<string>;
    this.superuserPassword = passwordOf(superuser);
    this.adminPassword = passwordOf(admin);

    // Postgres, its databases, their shape, and who may do what.
    const postgresProcess = postgres(root, ports, passwordOf(superuser), args.backup, child());
    const server = { host: loopback, port: ports.postgres, user: superuser, password: passwordOf(superuser) };
    const registryData = new Database(
      registryDatabase,
      { postgres: server, name: registryDatabase },
      within(postgresProcess),
    );
    const registryRole = new Role(
      registryDatabase,
      {
        postgres: server,
        name: registryDatabase,
        password: passwordOf(registryDatabase),
        replication: false,
        owns: [registryDatabase],
        grants: [],
      },
      within(postgresProcess, { dependsOn: [registryData] }),
    );
    const migrations = new Map<string, Migration>();
    for (const { name, migrations: files } of plan.databases) {
      const database = new Database(name, { postgres: server, name }, within(postgresProcess));
      migrations.set(
        name,
        new Migration(
          name,
          { postgres: server, database: name, files: [...files] },
          within(postgresProcess, { dependsOn: [database] }),
        ),
      );
    }
    const roles = new Map<string, Role>();
    for (const { name, postgres: grants, replication, temporaryIn, functions, schemas } of plan.principals) {
      if (grants.length === 0) continue;
      const dependsOn = grants.map((grant) => migrations.get(grant.database) as Migration);
      roles.set(
        name,
        new Role(
          name,
          {
            postgres: server,
            name,
            password: passwordOf(name),
            replication,
            owns: [],
            grants: [...grants],
            ...(temporaryIn && { temporaryIn: [...temporaryIn] }),
            ...(functions && { functions: [...functions] }),
            ...(schemas && { schemas: [...schemas] }),
          },
          within(postgresProcess, { dependsOn }),
        ),
      );
    }

    // Kafka, its topics, and who may do what.
    const kafkaUsers = [connectPrincipal, ...plan.principals.filter((p) => p.kafka.length > 0).map((p) => p.name)];
    const users = kafkaUsers.map((user) => ({ name: user, password: passwordOf(user) }));
    const kafkaProcess = kafka({ root, ports, adminPassword: passwordOf(admin), users }, child());
    const broker = { bootstrap: `${loopback}:${ports.kafka}`, username: admin, password: passwordOf(admin) };
    const topics = [
      ...plan.topics,
      ...connectTopics.map((topic) => ({ name: topic, partitions: 1, config: { "cleanup.policy": "compact" } })),
    ].map(
      ({ name, partitions, config }) =>
        new Topic(name, { kafka: broker, name, partitions, replicationFactor: 1, config }, within(kafkaProcess)),
    );
    const access = new Map<string, Access>();
    for (const { name, kafka: grants } of [...plan.principals, { name: connectPrincipal, kafka: connectGrants }]) {
      if (grants.length === 0) continue;
      access.set(name, new Access(name, { kafka: broker, user: name, grants: [...grants] }, within(kafkaProcess)));
    }

    // The registry and its subjects.
    const registryProcess = registry(root, ports, passwordOf(registryDatabase), child({ dependsOn: [registryRole] }));
    const registryUrl = `http://${loopback}:${ports.registry}`;
    const subjects = plan.subjects.map(
      (subject) => new Subject(subject.name, { registry: registryUrl, ...subject }, within(registryProcess)),
    );

    // Captures: what is published, and the connector that reads it.
    const publications = new Map<string, Publication>();
    for (const { publication, database, tables, slot, name } of plan.captures) {
      const dependsOn = [migrations.get(database) as Migration];
      publications.set(
        name,
        new Publication(
          name,
          { postgres: server, database, name: publication, tables: [...tables], slot },
          within(postgresProcess, { dependsOn }),
        ),
      );
    }
    const captureUser = (capture: string) => `${capture}-capture`;
    const connectProcess = connect(
      root,
      ports,
      jaas({ name: connectPrincipal, password: passwordOf(connectPrincipal) }),
      plan.captures.map((capture) => {
        const user = captureUser(capture.name);
        return { capture, password: passwordOf(user), jaas: jaas({ name: user, password: passwordOf(user) }) };
      }),
      child({ dependsOn: [access.get(connectPrincipal) as Access, ...topics.slice(-connectTopics.length)] }),
    );
    for (const capture of plan.captures) {
      const user = captureUser(capture.name);
      const dependsOn = [
        publications.get(capture.name),
        roles.get(user),
        access.get(user),
        ...topics,
        ...subjects,
      ] as pulumi.Resource[];
      new Connector(
        capture.name,
        {
          connect: `http://${loopback}:${ports.connect}`,
          name: capture.name,
          config: captureConfig(capture, ports, user),
          source: {
            postgres: server,
            database: capture.database,
            slot: capture.slot,
            backedUp: args.backup !== undefined,
          },
        },
        within(connectProcess, { dependsOn }),
      );
    }

    // Flink and its jobs.
    const flinkUser = plan.principals.find((principal) => principal.name === "flink");
    if (flinkUser) {
      const { jobManager, taskManager } = flink(
        root,
        ports,
        jaas({ name: flinkUser.name, password: passwordOf(flinkUser.name) }, flinkShading),
        child(),
      );
      const dependsOn = [taskManager, access.get(flinkUser.name), ...topics, ...subjects] as pulumi.Resource[];
      for (const job of plan.jobs) {
        const spec = {
          ...jobScript(job),
          jobManager: `http://${loopback}:${ports.flink}`,
          folder: stateFolder(root),
        };
        new SqlJob(job.name, { root, spec }, child({ dependsOn: [jobManager, ...dependsOn] }));
      }
    }

    // Apps.
    for (const planned of plan.apps) {
      const dependsOn = [roles.get(planned.principal), access.get(planned.principal), ...topics].filter(
        Boolean,
      ) as pulumi.Resource[];
      const file = pulumi.output(bundle(entryOf(args.projectRoot, planned)));
      app({ root, app: planned, password: passwordOf(planned.principal), bundle: file }, child({ dependsOn }));
    }
    this.registerOutputs({});
  }
}
