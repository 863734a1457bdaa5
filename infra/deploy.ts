import { parseArgs } from "node:util";
import { UserError } from "./plan/problems";
import { readStackFile, type StackFile } from "./stack-file";

/** What every command is given. */
export interface Invocation extends StackFile {
  readonly stack: string;
  /** Words behind the command. */
  readonly words: readonly string[];
  readonly flags: {
    readonly showSecrets: boolean;
    readonly file?: string;
    readonly from?: string;
    readonly for?: string;
    /** Format of a report. */
    readonly report?: string;
    readonly follow: boolean;
    readonly yes: boolean;
  };
}

interface Command {
  readonly doc: string;
  /** Exit status. */
  run(invocation: Invocation): Promise<number>;
}

// Each command is loaded when it is run: the engine's client alone takes half a second to load.
const commands: Readonly<Record<string, Command>> = {
  up: { doc: "deploy the stack, and wait until data flows", run: async (i) => (await import("./commands/up")).up(i) },
  preview: {
    doc: "show what up would do, and every mistake [--report md]",
    run: async (i) => (await import("./commands/up")).preview(i),
  },
  refresh: {
    doc: "look at the real things, and note what has drifted",
    run: async (i) => (await import("./commands/up")).refresh(i),
  },
  down: { doc: "remove everything but the logs", run: async (i) => (await import("./commands/down")).down(i) },
  status: {
    doc: "each process, connector and job: state, uptime, lag",
    run: async (i) => (await import("./commands/status")).status(i),
  },
  logs: {
    doc: "logs -- <process> [--follow]: what a process wrote",
    run: async (i) => (await import("./commands/logs")).logs(i),
  },
  restart: {
    doc: "restart -- <process>: stop it and start it again",
    run: async (i) => (await import("./commands/logs")).restart(i),
  },
  backup: {
    doc: "take a base backup; the log is archived all the time",
    run: async (i) => (await import("./commands/backup")).backup(i),
  },
  restore: {
    doc: "restore -- --from <folder>: lay out the data of a backup, for up to go on with",
    run: async (i) => (await import("./commands/restore")).restore(i),
  },
  ephemeral: {
    doc: "ephemeral -- up <n> | down <n> | list | sweep: environments of pull requests",
    run: async (i) => (await import("./commands/ephemeral")).ephemeral(i),
  },
  outputs: {
    doc: "the stack's outputs as JSON [--show-secrets]",
    run: async (i) => (await import("./commands/outputs")).outputs(i),
  },
  schedule: {
    doc: "schedule -- [list | run <name> [--for <day>..<day>]]: what runs by the clock",
    run: async (i) => (await import("./commands/schedule")).schedule(i),
  },
  sql: {
    doc: "sql -- <job>: the whole script of a Flink job",
    run: async (i) => (await import("./commands/sql")).sql(i),
  },
  filters: {
    doc: "filters -- check | explain | try <events.jsonl> [--file <filters.yaml>]",
    run: async (i) => (await import("./commands/filters")).filters(i),
  },
};

/** Other things that lie in `.millrace/`. */
const reservedStacks = ["state", "workspace", "passphrase", "backups"];

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  const [name = "", ...words] = positionals;
  const command = commands[name];
  if (!command) {
    throw new UserError([{ message: "There is no such command.", given: name, allowed: Object.keys(commands) }]);
  }
  const stack = values.stack ?? "dev";
  if (!/^[a-zA-Z0-9_-]{1,40}$/.test(stack) || reservedStacks.includes(stack)) {
    throw new UserError([
      { message: "This is no name of a stack.", given: stack, allowed: "1 to 40 of a–z, A–Z, 0–9, '_' and '-'" },
    ]);
  }
  return command.run({
    stack,
    ...readStackFile(stack, values["config-file"]),
    words,
    flags: {
      showSecrets: values["show-secrets"] ?? false,
      follow: values.follow ?? false,
      yes: values.yes ?? false,
      ...(values.file !== undefined && { file: values.file }),
      ...(values.from !== undefined && { from: values.from }),
      ...(values.for !== undefined && { for: values.for }),
      ...(values.report !== undefined && { report: values.report }),
    },
  });
}

function readArguments() {
  try {
    return parseArgs({
      args: process.argv.slice(2),
      allowPositionals: true,
      options: {
        stack: { type: "string", short: "s" },
        "config-file": { type: "string" },
        "show-secrets": { type: "boolean" },
        follow: { type: "boolean", short: "f" },
        yes: { type: "boolean", short: "y" },
        file: { type: "string" },
        from: { type: "string" },
        for: { type: "string" },
        report: { type: "string" },
      },
    });
  } catch (error) {
    throw new UserError([
      {
        message: (error as Error).message.split(". ")[0] ?? "",
        allowed: "--stack, --config-file, --show-secrets, --follow, --file, --from, --for, --report, --yes",
      },
    ]);
  }
}

main().then(
  (status) => process.exit(status),
  (error) => {
    process.stderr.write(`${error instanceof UserError ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  },
);
