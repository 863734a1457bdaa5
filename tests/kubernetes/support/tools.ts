import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Builds what the tests need, once for each machine: that takes minutes, which no test has. */
export default function tools(): void {
  const script = join(__dirname, "../../../tools/kubernetes.mjs");
  execFileSync(process.execPath, [script], { stdio: ["ignore", "ignore", "inherit"] });
}
