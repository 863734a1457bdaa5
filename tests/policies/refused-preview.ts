import * as pulumi from "@pulumi/pulumi";
import { enforce } from "../../infra/policies";
import { openStack } from "../../infra/workspace";

/** Previews a stack with one pod of the image that is given, and prints why it is refused. */
async function main(image: string): Promise<void> {
  const name = "test-policies";
  const stack = await openStack(name, "config: {}\n", async () => {
    enforce(false);
    const limits = { cpu: "1", memory: "1Gi" };
    const spec = { containers: [{ name: "app", image: pulumi.output(image), resources: { limits } }] };
    // A component has inputs like any resource, and needs no plugin.
    new pulumi.ComponentResource("kubernetes:core/v1:Pod", "app", { spec });
    return {};
  });
  const refused = await stack.preview().then(
    () => "",
    (error: Error) => error.message,
  );
  await stack.cancel().catch(() => {});
  await stack.workspace.removeStack(name);
  process.stdout.write(refused);
}

main(process.argv[2] ?? "").then(() => process.exit(0));
