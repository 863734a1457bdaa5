import type { Registered } from "../../../infra/policies";

/** Pulumi's resources of AWS are those of Terraform's provider under other names: this gives them their old ones. */
export function terraformType(type: string): string {
  const [, module = "", name = ""] = /^aws:(\w+)\/(\w+):/.exec(type) ?? [];
  return module === "ec2" ? `aws_${snake(name)}` : `aws_${module}_${snake(name)}`;
}
export const terraformName = (name: string) => name.replace(/[^A-Za-z0-9]+/g, "_");

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Blocks that Pulumi names in the plural, because there can be several. */
const singular: Readonly<Record<string, string>> = {
  encryptionConfigurations: "encryption_configuration",
  rules: "rule",
  transitions: "transition",
};
/** Maps whose keys are data. */
const isMap = (key: string) => key === "tags";

function translate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(translate);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [singular[key] ?? snake(key), isMap(key) ? child : translate(child)]),
  );
}

/** What Terraform is told to leave alone, as Pulumi's defaults of the provider do. */
const provider = (endpoint: string, region: string) => {
  const services = [
    "acm",
    "cloudwatch",
    "ec2",
    "ecr",
    "eks",
    "iam",
    "kms",
    "logs",
    "route53",
    "s3",
    "secretsmanager",
    "sts",
  ];
  return {
    region,
    access_key: "test",
    secret_key: "test",
    s3_use_path_style: true,
    skip_credentials_validation: true,
    skip_metadata_api_check: true,
    skip_requesting_account_id: true,
    endpoints: [Object.fromEntries(services.map((service) => [service, endpoint]))],
  };
};

/** All resources as one configuration of Terraform, in JSON. */
export function configuration(resources: readonly Registered[], endpoint: string, region: string): object {
  const resource: Record<string, Record<string, unknown>> = {};
  for (const { type, name, props } of resources) {
    const kind = terraformType(type);
    resource[kind] = { ...resource[kind], [terraformName(name)]: translate(props) };
  }
  return {
    terraform: { required_providers: { aws: { source: "hashicorp/aws", version: "5.100.0" } } },
    provider: { aws: provider(endpoint, region) },
    resource,
  };
}
