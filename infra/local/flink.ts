import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { JobPlan } from "../plan/types";
import { loopback, type Ports, servicePorts } from "./addresses";
import { cacheFolder } from "./bundle";
import { java, log4j2 } from "./java";
import type { JobScript } from "./job-graphs";
import { Process } from "./resources";
import { toolchain } from "./toolchain";

/** Environment variable with the credentials that the jobs' tables refer to. */
const flinkJaasVariable = "FLINK_JAAS";

/** Flink's own list, from its configuration documentation; without it parts fail late and oddly on a modern JDK. */
const opens = [
  "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
  "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
  ...["api", "file", "parser", "tree", "util"].map(
    (p) => `--add-exports=jdk.compiler/com.sun.tools.javac.${p}=ALL-UNNAMED`,
  ),
  ...[
    "java.lang",
    "java.net",
    "java.io",
    "java.nio",
    "sun.nio.ch",
    "java.lang.reflect",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.util.concurrent.locks",
  ].map((p) => `--add-opens=java.base/${p}=ALL-UNNAMED`),
];

/**
 * What one value of Avro may hold. A damaged record can say that its text is 2 GB long, or its list 2 billion items, and Avro makes room before it
 * reads: without a limit, one record of 20 bytes ends the task manager, again and again. The names are those of the Avro inside of Flink's format.
 */
export const avroLimits = Object.entries({
  "string.maxLength": 33_554_432,
  "bytes.maxLength": 33_554_432,
  "collectionItems.maxLength": 1_000_000,
}).map(([name, limit]) => `-Dorg.apache.flink.avro.shaded.org.apache.avro.limits.${name}=${limit}`);

/** Memory of the task manager in megabytes; the JVM's limits follow from the same figures. */
const memory = {
  frameworkHeap: 128,
  taskHeap: 640,
  frameworkOffHeap: 128,
  taskOffHeap: 0,
  network: 128,
  managed: 64,
  metaspace: 256,
  overhead: 192,
};

/** A session cluster: a job manager and one task manager. */
export function flink(root: string, ports: Ports, jaas: pulumi.Input<string>, opts: pulumi.ResourceOptions) {
  const tools = toolchain();
  const config = JSON.stringify(configuration(root, ports), null, 1);
  const files = { "conf/config.yaml": config, "conf/log4j2.properties": log4j2 };
  const common = {
    // Both read topics: the job manager lists partitions, the task manager does the work.
    [flinkJaasVariable]: jaas,
    FLINK_CONF_DIR: "conf",
    FLINK_LIB_DIR: tools.flinkLib,
    FLINK_OPT_DIR: tools.flinkLib,
    FLINK_PLUGINS_DIR: tools.flinkPlugins,
  };
  const jvm = (name: string, main: string, heap: number, args: string[], more: string[] = [], quickStart = true) =>
    java({
      name,
      temporary: join(root, name),
      classpath: tools.flinkLib,
      main,
      heap: { min: 160, max: heap },
      quickStart,
      options: ["-Dlog4j2.configurationFile=conf/log4j2.properties", ...opens, ...more],
      args,
    });
  const jobManager = new Process(
    "flink-jobmanager",
    {
      root,
      spec: {
        name: "flink-jobmanager",
        command: jvm(
          "flink-jobmanager",
          "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
          320,
          ["--configDir", "conf", "--executionMode", "cluster"],
        ),
        env: common,
        files,
        ports: servicePorts("flink-jobmanager", ports),
        ready: { http: `http://${loopback}:${ports.flink}/overview` },
      },
    },
    opts,
  );
  const taskManager = new Process(
    "flink-taskmanager",
    {
      root,
      spec: {
        name: "flink-taskmanager",
        command: jvm(
          "flink-taskmanager",
          "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
          memory.frameworkHeap + memory.taskHeap,
          ["--configDir", "conf"],
          [
            `-XX:MaxDirectMemorySize=${memory.frameworkOffHeap + memory.taskOffHeap + memory.network}m`,
            `-XX:MaxMetaspaceSize=${memory.metaspace}m`,
            ...avroLimits,
          ],
          false,
        ),
        env: common,
        files,
        ports: servicePorts("flink-taskmanager", ports),
        ready: { http: `http://${loopback}:${ports.flink}/overview`, contains: '"taskmanagers":1' },
      },
    },
    opts,
  );
  return { jobManager, taskManager };
}

/** What the planner needs to make a job's graph: docs/decisions/0013-job-graphs.md. */
export function jobScript(job: Pick<JobPlan, "name" | "statements">): JobScript {
  const command = java({
    name: "flink-planner",
    classpath: toolchain().flinkLib,
    heap: { min: 160, max: 640 },
    quickStart: true,
    options: opens,
  });
  const { name, statements } = job;
  return { name, statements, settings: jobSettings, java: command, graphs: join(cacheFolder(), "job-graphs") };
}

/** What is decided when a job is planned, and is then part of its graph. */
const jobSettings = {
  "execution.checkpointing.interval": "2s",
  "execution.checkpointing.min-pause": "500ms",
  // A job that is lost with its job manager comes back from here.
  "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
  "execution.buffer-timeout.interval": "5ms",
  "pipeline.object-reuse": "true",
};

/** Holds checkpoints and savepoints; belongs to the job manager's process, and goes with it. */
export const stateFolder = (root: string) => join(root, "flink-jobmanager", "state");

function configuration(root: string, ports: Ports): Record<string, string | number | boolean> {
  const megabytes = (amount: number) => `${amount}m`;
  return {
    "jobmanager.bind-host": loopback,
    "jobmanager.rpc.address": loopback,
    "jobmanager.rpc.port": ports.flinkRpc,
    "jobmanager.memory.process.size": "900m",
    "jobmanager.memory.jvm-metaspace.size": "256m",
    "blob.server.port": ports.flinkBlob,
    "rest.address": loopback,
    "rest.bind-address": loopback,
    "rest.port": ports.flink,
    "web.submit.enable": false,
    "web.cancel.enable": false,
    "taskmanager.bind-host": loopback,
    "taskmanager.host": loopback,
    "taskmanager.rpc.port": ports.flinkTaskRpc,
    "taskmanager.data.port": ports.flinkTaskData,
    "taskmanager.numberOfTaskSlots": 16,
    "taskmanager.cpu.cores": 2,
    "taskmanager.memory.framework.heap.size": megabytes(memory.frameworkHeap),
    "taskmanager.memory.task.heap.size": megabytes(memory.taskHeap),
    "taskmanager.memory.framework.off-heap.size": megabytes(memory.frameworkOffHeap),
    "taskmanager.memory.task.off-heap.size": megabytes(memory.taskOffHeap),
    "taskmanager.memory.network.min": megabytes(memory.network),
    "taskmanager.memory.network.max": megabytes(memory.network),
    "taskmanager.memory.managed.size": megabytes(memory.managed),
    "taskmanager.memory.jvm-metaspace.size": megabytes(memory.metaspace),
    // Equal, or the task manager does not start.
    "taskmanager.memory.jvm-overhead.min": megabytes(memory.overhead),
    "taskmanager.memory.jvm-overhead.max": megabytes(memory.overhead),
    "execution.checkpointing.storage": "filesystem",
    "execution.checkpointing.dir": `file://${join(stateFolder(root), "checkpoints")}`,
    "execution.checkpointing.savepoint-dir": `file://${join(stateFolder(root), "savepoints")}`,
    "execution.checkpointing.num-retained": 2,
    "state.backend.type": "hashmap",
    "io.tmp.dirs": join(root, "flink-jobmanager", "tmp"),
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "500ms",
    "restart-strategy.exponential-delay.max-backoff": "10s",
    // A killed task manager is seen within seconds instead of 50.
    "heartbeat.interval": 1000,
    "heartbeat.timeout": 10000,
    "classloader.check-leaked-classloader": false,
  };
}
