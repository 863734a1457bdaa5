import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Plan } from "../../infra/plan/types";
import type { Registered } from "../../infra/policies";
import { eventually } from "../support/eventually";
import { registeredFor } from "./support/registered";
import { configuration } from "./support/terraform";

/**
 * The registered resources in the hands of the real AWS provider: Terraform's, which Pulumi's is made of, against moto, which answers as AWS does. It needs
 * `terraform`, `moto_server` and a mirror of the provider (MILLRACE_TERRAFORM_MIRROR, or one of the usual folders); where one is missing it is skipped.
 */
jest.setTimeout(600_000);

const onPath = (name: string) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
const mirrors = [
  process.env.MILLRACE_TERRAFORM_MIRROR ?? "",
  join(homedir(), ".terraform.d/plugins"),
  join(homedir(), ".local/share/terraform/plugins"),
  "/usr/local/share/terraform/plugins",
  "/usr/share/terraform/plugins",
  "/opt/terraform/plugins",
  "/opt/tf-plugins",
];
const mirror = mirrors.find((folder) => existsSync(join(folder, "registry.terraform.io/hashicorp/aws/5.100.0")));
const [terraform, moto] = [onPath("terraform"), onPath("moto_server")];
const missing = [
  !terraform && "terraform",
  !moto && "moto_server",
  !mirror && "a mirror of hashicorp/aws 5.100.0",
].filter(Boolean);

const plan = {
  jobs: [{ name: "to-events" }],
  databases: [{ name: "consumers", upstream: false }],
} as unknown as Plan;

const folder = mkdtempSync(join(tmpdir(), "millrace-terraform-"));
let server: ChildProcess | undefined;
let endpoint = "";

beforeAll(async () => {
  if (missing.length > 0) {
    process.stderr.write(`tests/aws/terraform: skipped, there is no ${missing.join(", no ")}\n`);
    return;
  }
  const port = await freePort();
  endpoint = `http://127.0.0.1:${port}`;
  server = spawn(moto as string, ["-H", "127.0.0.1", "-p", String(port)], {
    stdio: "ignore",
    detached: true,
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: "true" },
  });
  const cli = `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\ndisable_checkpoint = true\n`;
  writeFileSync(join(folder, "terraform.rc"), cli);
  await eventually("moto answers", async () => (await fetch(`${endpoint}/moto-api/`)).ok, 60_000);
});
afterAll(() => {
  // A shim may stand in front of it.
  if (server?.pid) process.kill(-server.pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const known = missing.length === 0 ? test : test.skip;

/** Validated, and not applied, and why. */
const leftOut: Readonly<Record<string, string>> = {
  "aws:eks/addon:Addon": "moto has none",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": "moto has none",
  "aws:eks/nodeGroup:NodeGroup": "moto gives each a key for remote access that nobody asked for",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "the provider watches each for a minute",
  "aws:route53/zone:Zone": "the provider waits for half a minute",
  "aws:route53/record:Record": "its zone is not there",
};

/** Properties that moto takes and forgets. */
const forgotten: Readonly<Record<string, readonly string[]>> = { "aws:eks/cluster:Cluster": ["accessConfig"] };
const remembered = (one: Registered): Registered => ({
  ...one,
  props: Object.fromEntries(Object.entries(one.props).filter(([key]) => !forgotten[one.type]?.includes(key))),
});

known("what is registered for staging and prod is accepted, stays as it is, and goes", async () => {
  const over = { domain: "data.acme.example", clusterAccess: ["203.0.113.0/24"] };
  const resources = [...(await registeredFor("staging", plan, over)), ...(await registeredFor("prod", plan, over))];
  const types = new Set(resources.map(({ type }) => type));
  expect(Object.keys(leftOut).filter((type) => !types.has(type))).toEqual([]);
  const write = (some: readonly Registered[]) =>
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify(configuration(some, endpoint, "eu-central-1"), null, 1));
  const run = (...args: string[]) =>
    promisify(execFile)(terraform as string, [...args, "-no-color"], {
      cwd: folder,
      env: { ...process.env, TF_CLI_CONFIG_FILE: join(folder, "terraform.rc"), TF_IN_AUTOMATION: "1" },
      maxBuffer: 2 ** 26,
    }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string; stderr: string }) => {
        throw new Error(`terraform ${args.join(" ")}:\n${error.stdout.slice(-4000)}\n${error.stderr.slice(-8000)}`);
      },
    );
  write(resources);
  await run("init", "-input=false");
  expect(await run("validate")).toContain("The configuration is valid.");
  const applied = resources.filter(({ type }) => !(type in leftOut)).map(remembered);
  write(applied);
  expect(await run("apply", "-auto-approve", "-input=false", "-parallelism=30")).toContain(
    `Apply complete! Resources: ${applied.length} added, 0 changed, 0 destroyed.`,
  );
  const again = await run("plan", "-input=false", "-parallelism=30");
  expect(again.includes("No changes.") ? "" : again.replace(/^.*: Refreshing state.*\n/gm, "")).toBe("");
  expect(await run("destroy", "-auto-approve", "-input=false", "-parallelism=30")).toContain(
    `Destroy complete! Resources: ${applied.length} destroyed.`,
  );
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
