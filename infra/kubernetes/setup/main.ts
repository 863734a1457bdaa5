import { readFileSync } from "node:fs";
import { runSetup, type Setup } from "./setup";

/** The program of the set-up Job. */
async function main(): Promise<void> {
  const env = (name: string) => {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set`);
    return value;
  };
  const setup: Setup = JSON.parse(readFileSync(env("SETUP_FILE"), "utf8"));
  const [host = "", port] = env("POSTGRES").split(":");
  const postgres = { host, port: Number(port), user: env("PGUSER"), password: env("PGPASSWORD") };
  await runSetup(setup, postgres, env("REGISTRY_URL"));
  const { databases, roles, publications, subjects } = setup;
  process.stdout.write(
    `${databases.length} databases, ${roles.length} roles, ${publications.length} publications, ${subjects.length} subjects are as declared\n`,
  );
}

main().catch((error) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
});
