import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portHolder } from "../../infra/local/supervisor/ports";
import { projectRoot, stackRoot } from "../../infra/paths";
import { eventually, millrace, root } from "./support/stack";

/** A second stack beside the first: deployed though its first `up` is killed half-way, and gone without a trace. */
const config = join(tmpdir(), `millrace-second-${process.pid}.yaml`);
const second = stackRoot("second");
const run = (command: string) => millrace(command, [], config, "second");

const configured = (portBase: number) =>
  writeFileSync(config, `config:\n  millrace:portBase: ${portBase}\n  millrace:pipelines: [business-events]\n`);

/** What JVMs leave in the system's folder for temporary files when they are killed, if they are let. */
const temporary = () => readdirSync(tmpdir()).filter((name) => /^(flink-|com_|blobStore|vertx|lib)/.test(name));
const before = temporary();

beforeAll(() => configured(28000));
afterAll(async () => {
  await run("down");
  rmSync(config, { force: true });
});

test("an up that is killed half-way can be run again", async () => {
  const words = ["tools/bootstrap.mjs", "infra/deploy.ts", "up", "--stack", "second", "--config-file", config];
  const child = spawn(process.execPath, words, { cwd: projectRoot, stdio: "ignore", detached: true });
  await eventually("the broker of the second stack is being started", async () =>
    existsSync(join(second, "kafka", "data")),
  );
  process.kill(-(child.pid as number), "SIGKILL");
  const again = await run("up");
  expect(again.stdout).toMatch(/business-events +car_entities [1-9]/);
  expect(again.status).toBe(0);
});

test("the first stack did not notice", async () => {
  expect((await millrace("status")).status).toBe(0);
});

test("a port that is in use is named at preview, with the process that holds it", async () => {
  configured(27000);
  const { status, stderr } = await run("preview");
  configured(28000);
  expect(status).toBe(1);
  expect(stderr).toMatch(/Port 27\d{3} of [a-z-]+ is in use by process \d+ \(\S/);
});

test("down leaves no process, no port and no file but the logs, and the first stack alone", async () => {
  const gone = await run("down");
  expect(gone.status).toBe(0);
  expect(readdirSync(second)).toEqual(["logs"]);
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(`${second}/`) || workingFolder(pid).startsWith(`${second}/`));
  expect(processes).toEqual([]);
  expect(temporary()).toEqual(before);
  for (const port of [28032, 28081, 28083, 28084, 28092]) expect(await portHolder(port)).toBeUndefined();
  expect(existsSync(join(root, "supervisor.sock"))).toBe(true);
  expect((await millrace("status")).status).toBe(0);
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
