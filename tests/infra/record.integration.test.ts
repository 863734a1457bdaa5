import * as pulumi from "@pulumi/pulumi";
import { nothing } from "../../infra/plan/report/record";
import { Record } from "../../infra/record";
import { deployedState, openStack } from "../../infra/workspace";

jest.setTimeout(120_000);

test("the plan that a stack became is kept with it, and not that of an up which fails", async () => {
  const name = "test-record";
  let topics = [{ name: "events", partitions: 3, config: {} }];
  let fails = false;
  const program = async () => {
    const platform = new pulumi.ComponentResource("test:Platform", "platform");
    const known = fails ? "no-such-stack" : name;
    new pulumi.StackReference("part", { name: `organization/millrace/${known}` }, { parent: platform });
    new Record("plan", { ...nothing, topics }, { dependsOn: platform });
    return {};
  };
  const stack = await openStack(name, "config: {}\n", program);
  try {
    await stack.up();
    expect((await deployedState(stack)).record).toEqual({ ...nothing, topics });
    fails = true;
    topics = [];
    await expect(stack.up()).rejects.toThrow("no-such-stack");
    expect((await deployedState(stack)).record?.topics).toHaveLength(1);
  } finally {
    fails = false;
    await stack.destroy();
    await stack.workspace.removeStack(name);
  }
});
