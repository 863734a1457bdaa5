import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { loopback, type Ports, servicePorts } from "./addresses";
import { archiveScript, archiveSettings } from "./backup/archive";
import { restoredMark } from "./backup/place";
import { Process } from "./resources";
import { toolchain } from "./toolchain";

export const superuser = "postgres";

/**
 * Makes the data folder, or makes one that was restored ours: recovers it, and sets the superuser's password. Can be run again after it was interrupted.
 * The password comes through a pipe: printf is the shell's own, so no command line and no file shows it.
 */
const prepare = `initdb=$1 postgres=$2; shift 2
if [ -e ${restoredMark} ]; then
  printf "ALTER ROLE ${superuser} PASSWORD '%s'\\n" "$POSTGRES_PASSWORD" | "$postgres" --single -D data "$@" -c log_min_error_statement=panic postgres
else
  rm -rf data
  printf '%s\\n' "$POSTGRES_PASSWORD" | "$initdb" -D data -U ${superuser} -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile=/dev/stdin --no-sync $INITDB_OPTIONS
fi`;

/** One server for all databases, ready for logical replication. Nobody gets in without a password. */
export function postgres(
  root: string,
  ports: Ports,
  password: pulumi.Input<string>,
  backup: string | undefined,
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
    ...(backup !== undefined && archiveSettings),
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  return new Process(
    "postgres",
    {
      root,
      spec: {
        name: "postgres",
        unprivileged: true,
        prepare: {
          command: ["sh", "-ec", prepare, "sh", bin("initdb"), bin("postgres"), ...options],
          // The log is archived every few seconds, mostly empty: small segments spare the disk.
          env: { POSTGRES_PASSWORD: password, INITDB_OPTIONS: backup === undefined ? "" : "--wal-segsize=1" },
          repeatable: true,
          // To recover from a backup may mean to read gigabytes of log.
          timeoutMs: 3_600_000,
        },
        command: [bin("postgres"), "-D", "data", ...options],
        env: backup === undefined ? {} : { BACKUP_FOLDER: backup },
        files: backup === undefined ? {} : { "archive.sh": archiveScript },
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
