import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "../paths";
import { UserError } from "../plan/problems";

/** Where the pinned outside tools lie on this machine. All paths are absolute, and there; all folders but `classDataDir` are read-only. */
export interface Toolchain {
  /** The `java` binary of a JDK ≥ 21. */
  readonly java: string;
  /** What JAVA_HOME is to be for it. */
  readonly javaHome: string;
  /** For a person: `25.0.3`. */
  readonly jdkVersion: string;
  /** Changes with the JDK: its place, vendor, version and build. */
  readonly jvmVersionHash: string;
  /** Folder whose `bin/` holds the engine, for PATH or `PulumiCommand.get({ root })`. */
  readonly pulumi: string;
  /** Jars of a Kafka broker and its tools. */
  readonly kafkaLibs: string;
  /** An empty, formatted data folder of a broker, to be copied. */
  readonly kafkaData: string;
  /** Jars of a Kafka Connect worker. */
  readonly connectLibs: string;
  /** For Connect's `plugin.path`: one folder per plugin, all of which declare themselves (`plugin.discovery=service_load`). */
  readonly connectPlugins: string;
  /** Jars of Flink, its formats and connectors; FLINK_LIB_DIR. */
  readonly flinkLib: string;
  /** FLINK_PLUGINS_DIR: one folder per plugin. */
  readonly flinkPlugins: string;
  /** The schema registry, unpacked: holds `quarkus-run.jar`. */
  readonly registryDir: string;
  /** Folder with `initdb`, `pg_ctl` and `postgres`. */
  readonly postgresBin: string;
  /** Folder for JVM class-data archives; another one for another JDK or other jars, because an archive fits only what it was made with. */
  readonly classDataDir: string;
}

let known: Toolchain | undefined;

/**
 * The toolchain. tools/bootstrap.mjs hands it on to what it starts; where the program was started in another way (`pulumi up`, `npx jest`), it is asked
 * once for each process (0.1 s), and installs first what is missing.
 * @throws UserError when something is missing that only the user can install
 */
export function toolchain(): Toolchain {
  known ??= JSON.parse(process.env.MILLRACE_TOOLCHAIN ?? ask());
  return known as Toolchain;
}

function ask(): string {
  try {
    // Progress and mistakes are shown as they come; they go to stderr.
    return execFileSync(process.execPath, [join(projectRoot, "tools", "bootstrap.mjs"), "--toolchain"], {
      encoding: "utf8",
      env: process.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
  } catch {
    throw new UserError([
      {
        message: "The outside tools are not complete: see above.",
        fix: "Put it right, and run the same command again.",
      },
    ]);
  }
}
