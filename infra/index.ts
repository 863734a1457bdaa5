import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "./config";
import { projectRoot } from "./paths";
import { UserError } from "./plan/problems";
import { deploy, planFor } from "./program";

/** What `pulumi up` runs: config → plan → target → outputs. */
export = async () => {
  const stack = pulumi.getStack();
  const file = `Pulumi.${stack}.yaml`;
  const path = join(projectRoot, file);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  try {
    const config = readConfig(pulumi.runtime.allConfig(), file, text);
    return await deploy(stack, config, await planFor(stack, config));
  } catch (error) {
    // Shown without a stack trace: it is not our bug.
    throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
  }
};
