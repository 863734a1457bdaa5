import { readConfig, valuesOf } from "../config";
import type { Invocation } from "../deploy";
import { loopback, portsOf } from "../local/addresses";
import { backupFolder } from "../local/backup/place";
import { takeBackup } from "../local/backup/take";
import * as http from "../local/http";
import * as kafka from "../local/provider/kafka";
import * as postgres from "../local/provider/postgres";
import { stackRoot } from "../paths";
import { UserError } from "../plan/problems";
import { planFor } from "../program";
import { openStack } from "../workspace";
import { say, seconds } from "./engine";

/** Takes a base backup into the folder that the stack's configuration names. */
export async function backup({ stack, configFile, configText }: Invocation): Promise<number> {
  const since = Date.now();
  const config = readConfig(valuesOf(configText), configFile, configText);
  const folder = backupFolder(stack, config);
  if (!folder) {
    throw new UserError([
      {
        file: configFile,
        message: `Stack ${stack} has no folder for backups.`,
        fix: `Set millrace:backup, for example to .millrace/backups/${stack}, and npm run up.`,
      },
    ]);
  }
  const outputs = await (await openStack(stack, configText, async () => ({}))).outputs();
  if (!outputs.postgresPassword)
    throw new UserError([{ message: `Stack ${stack} is not deployed.`, fix: "npm run up" }]);
  const password = (name: string) => String(outputs[name]?.value);
  const ports = portsOf(config.portBase);
  const base = await answered(takeBackup)({
    plan: await planFor(stack, config),
    root: stackRoot(stack),
    backup: folder,
    postgres: { host: loopback, port: ports.postgres, user: "postgres", password: password("postgresPassword") },
    kafka: { bootstrap: `${loopback}:${ports.kafka}`, username: "admin", password: password("kafkaAdminPassword") },
    connect: `http://${loopback}:${ports.connect}`,
    say,
  });
  const bytes = Object.values(base.manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  say(`backup: ${(bytes / 2 ** 20).toFixed(0)} MiB, ${seconds(since)}`);
  process.stdout.write(`${base.folder}\n`);
  return 0;
}

/** A service that is away is no bug. */
const answered =
  (take: typeof takeBackup): typeof takeBackup =>
  async (args) => {
    try {
      return await take(args);
    } catch (error) {
      if (![http, kafka, postgres].some(({ isUnreachable }) => isUnreachable(error))) throw error;
      throw new UserError([
        {
          message: `A service of the stack does not answer: ${(error as Error).message}.`,
          fix: "npm run status names it; npm run up.",
        },
      ]);
    }
  };
