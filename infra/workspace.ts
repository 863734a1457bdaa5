import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { LocalWorkspace, PulumiCommand, type Stack, type StackSummary } from "@pulumi/pulumi/automation";
import { parseDocument, stringify } from "yaml";
import { toolchain } from "./local/toolchain";
import { projectRoot } from "./paths";
import type { PlanRecord } from "./plan/report";
import { recordType } from "./record";

/** Where state goes when the user has not logged in elsewhere. */
const localState = join(projectRoot, ".millrace", "state");

/**
 * The stack, in a workspace of its own below `.millrace/`, so that what the engine writes into a stack's file (the salt of its encryption)
 * does not show up as a change to commit.
 *
 * @param configText of `Pulumi.<stack>.yaml`
 */
export async function openStack(
  stack: string,
  configText: string,
  program: () => Promise<Record<string, unknown>>,
): Promise<Stack> {
  const options = await workspaceOptions();
  writeStackFile(join(options.workDir, `Pulumi.${stack}.yaml`), configText);
  return LocalWorkspace.createOrSelectStack({ stackName: stack, projectName: "millrace", program }, options);
}

/** All stacks of the project that the back end knows. */
export async function listStacks(): Promise<StackSummary[]> {
  const workspace = await LocalWorkspace.create(await workspaceOptions());
  return workspace.listStacks();
}

async function workspaceOptions() {
  const workDir = join(projectRoot, ".millrace", "workspace");
  mkdirSync(workDir, { recursive: true });
  writeProject(workDir);
  const pulumiCommand = await PulumiCommand.get({ root: toolchain().pulumi, skipVersionCheck: true });
  return {
    workDir,
    pulumiCommand,
    envVars: { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true", ...backend() },
  };
}

/** What a stack holds, as it was last deployed. */
export interface DeployedState {
  /** Inputs of all resources, by `<type> <name>`. Secrets stay encrypted. */
  readonly inputs: Map<string, unknown>;
  /** Of the plan that was deployed. */
  readonly record?: PlanRecord;
}

export async function deployedState({ name, workspace }: Stack): Promise<DeployedState> {
  const env = { ...process.env, ...workspace.envVars };
  // Not `exportStack`, which asks for secrets in clear.
  const engine = join(toolchain().pulumi, "bin", "pulumi");
  const options = { cwd: workspace.workDir, env, maxBuffer: 2 ** 28 };
  const { stdout } = await promisify(execFile)(engine, ["stack", "export", "--stack", name], options);
  const resources: { urn: string; inputs?: unknown; outputs?: { record?: PlanRecord } }[] =
    JSON.parse(stdout).deployment?.resources ?? [];
  const inputs = resources.map(({ urn, inputs }): [string, unknown] => {
    const [, , type = "", ...rest] = urn.split("::");
    return [`${type.split(":").pop()} ${rest.join("::")}`, inputs];
  });
  const record = resources.find(({ urn }) => urn.includes(`::${recordType}::`))?.outputs?.record;
  return { inputs: new Map(inputs), ...(record && { record }) };
}

function writeProject(workDir: string): void {
  const project = parseDocument(readFileSync(join(projectRoot, "Pulumi.yaml"), "utf8"));
  project.delete("main");
  project.setIn(["plugins", "providers", 0, "path"], join(projectRoot, "infra", "local", "provider"));
  writeFileSync(join(workDir, "Pulumi.yaml"), project.toString());
}

/** The user's configuration, and the salt that an earlier run left. */
function writeStackFile(file: string, configText: string): void {
  const former = existsSync(file)
    ? (parseDocument(readFileSync(file, "utf8")).get("encryptionsalt") as string | undefined)
    : undefined;
  const document = parseDocument(configText || "config: {}\n");
  if (former && !document.has("encryptionsalt")) document.set("encryptionsalt", former);
  writeFileSync(file, stringify(document.toJS()));
}

/** The user's own back end where there is one; otherwise files below `.millrace/`, secrets encrypted with a passphrase made for this clone. */
function backend(): Record<string, string> {
  const env = process.env;
  if (env.PULUMI_BACKEND_URL || loggedIn()) return {};
  mkdirSync(localState, { recursive: true });
  const chosen: Record<string, string> = { PULUMI_BACKEND_URL: `file://${localState}` };
  const hasPassphrase = env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE;
  if (!hasPassphrase) chosen.PULUMI_CONFIG_PASSPHRASE_FILE = passphraseFile();
  return chosen;
}

function loggedIn(): boolean {
  try {
    const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
    return Boolean(JSON.parse(readFileSync(join(home, "credentials.json"), "utf8")).current);
  } catch {
    return false;
  }
}

function passphraseFile(): string {
  const file = join(projectRoot, ".millrace", "passphrase");
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  return file;
}
