import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation";
import { keys, type StackConfig } from "../../../infra/config";
import { toolchain } from "../../../infra/local/toolchain";
import type { Pipeline } from "../../../infra/model";
import { refuseToDeploy } from "../../../infra/plan";
import { deploy, draftFor } from "../../../infra/program";
import type { ControlPlane } from "./control-plane";

const root = join(__dirname, "../../..");
const defaults = Object.fromEntries(
  Object.entries(keys).map(([name, key]) => [name, key.default]),
) as unknown as StackConfig;

export const configOf = (given: Partial<StackConfig>): StackConfig => ({ ...defaults, target: "kubernetes", ...given });

/** What happened, in order, as the stand-in provider noted it. */
export interface Event {
  readonly what: "apply" | "ready" | "delete";
  readonly type: string;
  readonly name: string;
}

export interface TestStack {
  readonly stack: Stack;
  /** Pipelines and configuration of the next operation. */
  use(config: StackConfig, pipelines?: readonly Pipeline[]): void;
  /** How many resources each operation touched, by the engine's count. */
  up(refresh?: boolean): Promise<Record<string, number>>;
  /** Since the last call. */
  events(): Event[];
  remove(): Promise<void>;
}

/** A stack of the real program in the real engine, whose providers for Kubernetes and Docker are the stand-ins. */
export async function openTestStack(plane: ControlPlane, name: string, first: StackConfig): Promise<TestStack> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-stack-"));
  const log = join(folder, "events.jsonl");
  let current: { config: StackConfig; pipelines?: readonly Pipeline[] } = { config: first };
  const program = async () => {
    const { plan, problems } = await draftFor(name, current.config, current.pipelines);
    refuseToDeploy(problems);
    return deploy(name, current.config, plan);
  };
  const provider = (plugin: string) => ({ name: plugin, path: join(root, "tests/kubernetes/standin", plugin) });
  const providers = [
    { name: "millrace", path: join(root, "infra/local/provider") },
    provider("kubernetes"),
    provider("docker"),
  ];
  const project = { name: "millrace", runtime: "nodejs", plugins: { providers } };
  writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify(project));
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: name, projectName: "millrace", program },
    {
      workDir: folder,
      pulumiCommand: await PulumiCommand.get({ root: toolchain().pulumi, skipVersionCheck: true }),
      envVars: {
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        MILLRACE_STANDIN_SERVER: plane.address.server,
        MILLRACE_STANDIN_TOKEN: plane.address.token,
        MILLRACE_STANDIN_CA: plane.address.ca,
        MILLRACE_STANDIN_LOG: log,
      },
    },
  );
  return {
    stack,
    use: (config, pipelines) => {
      current = { config, ...(pipelines && { pipelines }) };
    },
    up: async (refresh = false) => ({ ...(await stack.up({ refresh, parallel: 32 })).summary.resourceChanges }),
    events: () => {
      if (!existsSync(log)) return [];
      const lines = readFileSync(log, "utf8").trim().split("\n");
      rmSync(log);
      return lines.map((line) => JSON.parse(line));
    },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
