import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { AppPlan } from "../plan/types";
import { loopback } from "./addresses";
import { localDbt } from "./dbt";
import { Process } from "./resources";

export interface AppArgs {
  readonly root: string;
  readonly app: AppPlan;
  /** Of its Postgres role and its Kafka user. */
  readonly password: pulumi.Input<string>;
  /** The app as one file of JavaScript. */
  readonly bundle: pulumi.Input<string>;
}

/** An app or stand-in as a process. */
export function app({ root, app, password, bundle }: AppArgs, opts: pulumi.ResourceOptions): Process {
  const env: Record<string, pulumi.Input<string>> = { ...app.env, HOST: loopback, NODE_ENV: "production" };
  for (const { variable, name } of app.folders) env[variable] = dataFolder(root, name);
  if (app.schedule?.steps.some(({ kind }) => kind === "dbt")) {
    env.DBT_COMMAND = localDbt.command.join(" ");
    env.DBT_PROJECTS = localDbt.projects;
  }
  if (app.env.KAFKA_BOOTSTRAP) env.KAFKA_PASSWORD = password;
  if (app.env.POSTGRES_URL) env.PGPASSWORD = password;
  return new Process(
    app.name,
    {
      root,
      spec: {
        name: app.name,
        command: [process.execPath, "--enable-source-maps", "--max-old-space-size=192", bundle],
        env,
        files: {},
        ports: [app.port],
        ready: { http: `http://${loopback}:${app.port}/health/live` },
      },
    },
    opts,
  );
}

/** Where the files of a stack are that an app owns. They are gone with the stack. */
export const dataFolder = (root: string, name: string) => join(root, "data", name);

export const entryOf = (projectRoot: string, app: AppPlan) => join(projectRoot, "apps", app.folder, "server.ts");
