import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { loopback, type Ports, servicePorts } from "./addresses";
import { java } from "./java";
import { Process } from "./resources";
import { toolchain } from "./toolchain";

/** Role and database of the registry. */
export const registryDatabase = "registry";

/** Apicurio Registry on Postgres, spoken to through its Confluent-compatible API. */
export function registry(
  root: string,
  ports: Ports,
  password: pulumi.Input<string>,
  opts: pulumi.ResourceOptions,
): Process {
  const folder = toolchain().registryDir;
  const options = {
    "quarkus.http.host": loopback,
    "quarkus.http.port": ports.registry,
    // Left alone it listens on every address at 9000.
    "quarkus.management.host": loopback,
    "quarkus.management.port": ports.registryManagement,
    "quarkus.log.file.enable": false,
    "apicurio.storage.kind": "sql",
    "apicurio.storage.sql.kind": "postgresql",
    "apicurio.datasource.url": `jdbc:postgresql://${loopback}:${ports.postgres}/${registryDatabase}`,
    "apicurio.datasource.username": registryDatabase,
    "apicurio.datasource.jdbc.initial-size": 2,
    "apicurio.datasource.jdbc.min-size": 2,
    "apicurio.datasource.jdbc.max-size": 10,
  };
  return new Process(
    "registry",
    {
      root,
      spec: {
        name: "registry",
        command: java({
          name: "registry",
          temporary: join(root, "registry"),
          jar: join(folder, "quarkus-run.jar"),
          heap: { min: 96, max: 384 },
          quickStart: true,
          options: Object.entries(options).map(([key, value]) => `-D${key}=${value}`),
        }),
        env: { APICURIO_DATASOURCE_PASSWORD: password },
        files: {},
        ports: servicePorts("registry", ports),
        ready: { http: `http://${loopback}:${ports.registry}/apis/ccompat/v7/subjects` },
      },
    },
    opts,
  );
}
