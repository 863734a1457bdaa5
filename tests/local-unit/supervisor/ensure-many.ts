import { supervisorOf } from "../../../infra/local/supervisor/client";
import type { ProcessSpec } from "../../../infra/local/supervisor/protocol";

/** Run by a test, several at once: ensures every spec of `argv[3]` together, and prints the pids. */
async function main([root = "", specs = "[]"]: string[]): Promise<void> {
  const client = supervisorOf(root);
  const all = await Promise.all((JSON.parse(specs) as ProcessSpec[]).map((spec) => client.ensure(spec)));
  console.log(JSON.stringify(all.map(({ pid }) => pid)));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
