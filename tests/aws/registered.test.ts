import { environments } from "../../infra/environments";
import type { Plan } from "../../infra/plan/types";
import { type Registered, violations } from "../../infra/policies";
import { registeredFor } from "./support/registered";

jest.setTimeout(60_000);

const plan = {
  jobs: [{ name: "to-events" }, { name: "route-events" }],
  databases: [{ name: "consumers", upstream: false }],
} as unknown as Plan;

const all: Record<string, Registered[]> = {};
beforeAll(async () => {
  for (const stack of ["staging", "prod"]) {
    all[stack] = await registeredFor(stack, plan, { domain: "data.acme.example", clusterAccess: ["203.0.113.0/24"] });
  }
  all.closed = await registeredFor("prod", plan);
});
const of = (stack: string, type: string) => (all[stack] ?? []).filter((one) => one.type.endsWith(`:${type}`));
const documentOf = (stack: string, name: string) => {
  const found = of(stack, "RolePolicy").find((one) => one.name.endsWith(name));
  return JSON.parse(String(found?.props.policy)).Statement as { Action: string[]; Resource: string | string[] }[];
};

describe.each(["staging", "prod", "closed"])("%s", (stack) => {
  test("keeps to every policy", () => {
    const { protect } = environments[stack === "staging" ? "staging" : "prod"];
    expect((all[stack] ?? []).length).toBeGreaterThan(80);
    expect((all[stack] ?? []).flatMap((one) => violations(one, protect))).toEqual([]);
  });

  test("closes, encrypts, versions and cleans up each bucket", () => {
    const buckets = of(stack, "Bucket").map(({ name }) => name);
    expect(buckets).toHaveLength(3);
    for (const type of [
      "BucketPublicAccessBlock",
      "BucketServerSideEncryptionConfiguration",
      "BucketVersioning",
      "BucketOwnershipControls",
      "BucketPolicy",
      "BucketLifecycleConfiguration",
    ]) {
      expect([type, of(stack, type).map(({ name }) => name)]).toEqual([type, buckets]);
    }
  });

  test("puts nodes into three zones, where no address is public", () => {
    const subnets = of(stack, "Subnet").filter(({ name }) => name.includes("private"));
    expect(new Set(subnets.map(({ props }) => props.availabilityZone)).size).toBe(3);
    expect(of(stack, "Subnet").every(({ props }) => props.mapPublicIpOnLaunch === false)).toBe(true);
    expect(of(stack, "NodeGroup").map(({ props }) => (props.subnetIds as string[]).length)).toEqual([1, 1, 1]);
    expect(of(stack, "NatGateway")).toHaveLength(stack === "staging" ? 1 : 3);
  });

  test("scans images, and a tag never changes what it means", () => {
    for (const { props } of of(stack, "Repository")) {
      expect(props).toMatchObject({
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
      });
    }
    expect(of(stack, "LifecyclePolicy")).toHaveLength(of(stack, "Repository").length);
  });
});

test("the cluster's API answers outside only whom the configuration names", () => {
  const api = (stack: string) => of(stack, "Cluster")[0]?.props.vpcConfig;
  expect(api("closed")).toMatchObject({ endpointPrivateAccess: true, endpointPublicAccess: false });
  expect(api("prod")).toMatchObject({ endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/24"] });
  expect(of("closed", "Zone")).toEqual([]);
});

test("each workload reaches the objects that the graph gives it, and no others", () => {
  const [list, objects, key] = documentOf("prod", "-flink");
  expect(list?.Resource).toBe("${aws_s3_bucket.millrace_prod_state.arn}");
  expect(objects?.Resource).toEqual([
    "${aws_s3_bucket.millrace_prod_state.arn}/to-events/*",
    "${aws_s3_bucket.millrace_prod_state.arn}/route-events/*",
  ]);
  expect(key).toMatchObject({ Condition: { StringEquals: { "kms:ViaService": "s3.eu-central-1.amazonaws.com" } } });
  expect(documentOf("prod", "-postgres")[1]?.Resource).toEqual([
    "${aws_s3_bucket.millrace_prod_backups.arn}/postgres/*",
  ]);
  expect(documentOf("prod", "-secrets")[0]?.Resource).toEqual([
    "${aws_secretsmanager_secret.millrace_prod_entities_cdc.arn}",
  ]);
  const bound = of("prod", "PodIdentityAssociation").map(({ props }) => `${props.namespace}/${props.serviceAccount}`);
  expect(bound.sort()).toEqual([
    "amazon-cloudwatch/cloudwatch-agent",
    "external-secrets/external-secrets",
    "kube-system/ebs-csi-controller-sa",
    "millrace/flink",
    "millrace/postgres",
  ]);
});
