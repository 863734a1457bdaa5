import { type PlayedCluster, playCluster } from "./support/cluster";
import { type ControlPlane, startControlPlane } from "./support/control-plane";
import { configOf, openTestStack, type TestStack } from "./support/stack";

const config = configOf({ environment: "kind" });
let plane: ControlPlane;
let cluster: PlayedCluster;
let stack: TestStack;

beforeAll(async () => {
  plane = await startControlPlane();
  cluster = await playCluster(plane.api);
  stack = await openTestStack(plane, "kind", config);
});

afterAll(async () => {
  await stack?.remove();
  await cluster?.stop();
  await plane?.stop();
});

test("everything is accepted, and becomes ready", async () => {
  const { create } = await stack.up();
  expect(create).toBeGreaterThan(100);
});

test("a second up changes nothing", async () => {
  expect(await stack.up()).toEqual({ same: expect.any(Number) });
});

test("destroy leaves nothing", async () => {
  await stack.stack.destroy();
  const left = (await plane.api.list("v1", "Namespace")).map(({ metadata }) => metadata.name);
  expect(left.filter((name) => name.startsWith("millrace"))).toEqual([]);
});
