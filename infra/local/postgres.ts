import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { loopback, type Ports, servicePorts } from "./addresses";
import { Process } from "./resources";
import { toolchain } from "./toolchain";

export const superuser = "postgres";

/** One server for all databases, ready for logical replication. Nobody gets in without a password. */
export function postgres(
  root: string,
  ports: Ports,
  password: pulumi.Input<string>,
  opts: pulumi.ResourceOptions,
): Process {
  const bin = (program: string) => join(toolchain().postgresBin, program);
  const settings = {
    listen_addresses: loopback,
    port: ports.postgres,
    unix_socket_directories: "",
    wal_level: "logical",
    max_wal_senders: 16,
    max_replication_slots: 16,
    // A capture that is away for long must not fill the disk: past this, its slot is given up, and says so.
    max_slot_wal_keep_size: "4GB",
    max_connections: 100,
    shared_buffers: "128MB",
    log_line_prefix: "%m [%p] %q%u@%d ",
    log_connections: "off",
  };
  return new Process(
    "postgres",
    {
      root,
      spec: {
        name: "postgres",
        unprivileged: true,
        prepare: {
          // The password comes through a pipe: printf is the shell's own, so no command line and no file shows it.
          command: [
            "sh",
            "-ec",
            `printf '%s\\n' "$POSTGRES_PASSWORD" | "$0" -D data -U ${superuser} -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile=/dev/stdin --no-sync`,
            bin("initdb"),
          ],
          env: { POSTGRES_PASSWORD: password },
        },
        command: [
          bin("postgres"),
          "-D",
          "data",
          ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
        ],
        env: {},
        files: {},
        ports: servicePorts("postgres", ports),
        ready: { postgres: ports.postgres },
        pidFiles: ["data/postmaster.pid"],
        // Fast shutdown: connections are closed, not waited for.
        stop: { signal: "SIGINT", timeoutMs: 10_000 },
      },
    },
    opts,
  );
}
