import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../../infra/aws/cloud";
import { readConfig, type StackConfig, valuesOf } from "../../../infra/config";
import { projectRoot } from "../../../infra/paths";
import type { Plan } from "../../../infra/plan/types";
import type { Registered } from "../../../infra/policies";
import { terraformName, terraformType } from "./terraform";

/** What the program registers for AWS, with Terraform's references where a value is known only later. */
export async function registeredFor(stack: string, plan: Plan, over: Partial<StackConfig> = {}): Promise<Registered[]> {
  const found: Registered[] = [];
  const isProtected = new Set<string>();
  pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const at = (property: string) => `\${${terraformType(type)}.${terraformName(name)}.${property}}`;
        found.push({ type, name, props: inputs, protect: isProtected.has(`${type} ${name}`) });
        const outputs = Object.fromEntries(outputsOf(type).map((key) => [key, at(snakeCase(key))]));
        return { id: at("id"), state: { ...inputs, ...outputs, ...later(type, at) } };
      },
      call: ({ token, inputs }) => {
        if (token.includes("getAvailabilityZones"))
          return { names: ["a", "b", "c"].map((zone) => `eu-central-1${zone}`) };
        return token.includes("getCallerIdentity") ? { accountId: "123456789012" } : inputs;
      },
    },
    "millrace",
    stack,
  );
  const file = `Pulumi.${stack}.yaml`;
  const text = readFileSync(join(projectRoot, file), "utf8");
  const config = { ...readConfig(valuesOf(text), file, text), ...over };
  // Their classes are to be loaded when the mocks are there.
  const { Cloud: Made } = require("../../../infra/aws/cloud") as { Cloud: typeof Cloud };
  const { Provider } = require("@pulumi/aws/provider") as typeof import("@pulumi/aws/provider");
  const provider = new Provider("aws", { region: config.region as never });
  const note: pulumi.ResourceTransformation = ({ type, name, opts }) => {
    if (opts.protect === true) isProtected.add(`${type} ${name}`);
    return undefined;
  };
  new Made(
    "cloud",
    { stack, config, plan, provider, images: ["connect", "flink", "app-a"], secrets: ["entities-cdc"] },
    { transformations: [note] },
  );
  await pulumi.runtime.disconnect();
  return found.filter(({ type }) => type.startsWith("aws:"));
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const outputsOf = (type: string) => [
  "arn",
  ...(type.startsWith("aws:kms/") ? ["keyId"] : []),
  ...(type.startsWith("aws:ec2/launchTemplate") ? ["latestVersion"] : []),
  ...(type.startsWith("aws:route53/zone") ? ["zoneId"] : []),
  ...(/:(Role|Cluster|Repository)$/.test(type) ? ["name"] : []),
];

/** Outputs that are no plain text. */
function later(type: string, at: (property: string) => string): Record<string, unknown> {
  if (type === "aws:route53/zone:Zone") return { nameServers: [at("name_servers[0]")] };
  if (type !== "aws:acm/certificate:Certificate") return {};
  const option = (property: string) =>
    at("domain_validation_options").replace(/^\$\{(.*)\}$/, `\${tolist($1)[0].${property}}`);
  return {
    domainValidationOptions: [
      {
        resourceRecordName: option("resource_record_name"),
        resourceRecordType: option("resource_record_type"),
        resourceRecordValue: option("resource_record_value"),
      },
    ],
  };
}
