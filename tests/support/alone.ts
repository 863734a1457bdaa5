import processes from "node:child_process";
import { Server } from "node:net";

/** Unit tests start no process and no server, which keeps them quick: those that do are named `*.integration.test.ts`. */
const refuse = (what: string) => (): never => {
  throw new Error(`a unit test starts a ${what}: name its file *.integration.test.ts`);
};

// The modules are the worker's, and other files run in it afterwards.
const stubs: [object: object, name: string, what: string][] = [
  [processes.ChildProcess.prototype, "spawn", "process"],
  [processes, "spawnSync", "process"],
  [processes, "execSync", "process"],
  [processes, "execFileSync", "process"],
  [Server.prototype, "listen", "server"],
];
for (const [object, name, what] of stubs) {
  const methods = object as Record<string, unknown>;
  const real = methods[name];
  methods[name] = refuse(what);
  afterAll(() => {
    methods[name] = real;
  });
}
