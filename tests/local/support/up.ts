import { millrace } from "./stack";

/** Deploys the test stack from nothing, and hands its outputs to the tests. */
export default async function up(): Promise<void> {
  await millrace("down");
  const deployed = await millrace("up");
  if (deployed.status !== 0)
    throw new Error(`the test stack does not come up:\n${deployed.stderr}\n${deployed.stdout}`);
  const outputs = await millrace("outputs", ["--show-secrets"]);
  process.env.MILLRACE_TEST_OUTPUTS = outputs.stdout;
  process.env.MILLRACE_TEST_UP = JSON.stringify(deployed);
}
