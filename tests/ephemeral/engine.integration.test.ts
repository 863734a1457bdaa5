import * as pulumi from "@pulumi/pulumi";
import { down } from "../../infra/commands/down";
import { environmentsOf } from "../../infra/ephemeral/age";
import { sweep } from "../../infra/ephemeral/sweep";
import { readStackFile } from "../../infra/stack-file";
import { listStacks, openStack } from "../../infra/workspace";

jest.setTimeout(120_000);

// The engine, its state and its stacks are real; what stands in for the platform is a component that nothing has to be deployed for.
test("an environment is listed with its last activity, swept when its time is over, and then it is gone", async () => {
  const name = "pr-900000001";
  const { configText } = readStackFile(name);
  const stack = await openStack(name, configText, async () => {
    new pulumi.ComponentResource("test:Platform", "platform");
    return {};
  });
  await stack.up();
  const find = async (later: number) =>
    environmentsOf(await listStacks(), "3 days", Date.now() + later).filter((one) => one.name === name);
  const day = 86_400_000;
  expect(await find(2 * day)).toMatchObject([{ state: "in use", resources: 2 }]);
  const expired = await find(4 * day);
  expect(expired).toMatchObject([{ state: "expired" }]);
  const flags = { showSecrets: false, follow: false, yes: false };
  const gone = async (stack: string) => (await down({ stack, ...readStackFile(stack), words: [], flags })) === 0;
  expect(await sweep(expired, gone, () => {})).toEqual([]);
  expect(await find(0)).toEqual([]);
});
