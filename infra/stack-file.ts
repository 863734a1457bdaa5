import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { projectRoot } from "./paths";
import { UserError } from "./plan/problems";

export interface StackFile {
  /** As the user knows it, for messages. */
  readonly configFile: string;
  readonly configText: string;
}

/** Stacks of pull requests: they share one file, in which `<n>` stands for their number. */
export const pullRequestStack = /^pr-(\d{1,9})$/;
const template = "Pulumi.pr-template.yaml";

/** @param given a file that the user named. @throws UserError when the stack has none */
export function readStackFile(stack: string, given?: string): StackFile {
  const configFile = given ?? `Pulumi.${stack}.yaml`;
  const path = isAbsolute(configFile) ? configFile : resolve(given ? process.cwd() : projectRoot, configFile);
  if (existsSync(path)) return { configFile, configText: readFileSync(path, "utf8") };
  const [, number] = pullRequestStack.exec(stack) ?? [];
  if (number && given === undefined) {
    const text = readFileSync(join(projectRoot, template), "utf8");
    return { configFile: template, configText: text.replaceAll("<n>", number) };
  }
  throw new UserError([
    {
      file: configFile,
      message: `Stack ${stack} has no configuration file.`,
      fix: `Copy Pulumi.dev.yaml to ${configFile} and give it ports of its own: millrace:portBase: 18000.`,
    },
  ]);
}
