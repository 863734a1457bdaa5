import * as pulumi from "@pulumi/pulumi";
import { policies, type Registered, violations } from "../../infra/policies";
import { Secret, settle, unknown } from "../../infra/policies/resource";

const resource = (type: string, props: object, protect = false): Registered => ({
  type,
  name: "it",
  props: props as Registered["props"],
  protect,
});

const digest = `ghcr.io/acme/app@sha256:${"ab".repeat(32)}`;
const container = { image: digest, resources: { limits: { cpu: "1", memory: "1Gi" } } };
const pod = (over: object, more: object = {}) =>
  resource("kubernetes:apps/v1:Deployment", {
    spec: { template: { spec: { containers: [{ ...container, ...over }], ...more } } },
  });
const allow = (statement: object) => JSON.stringify({ Statement: [{ Effect: "Allow", ...statement }] });
const rolePolicy = (statement: object) => resource("aws:iam/rolePolicy:RolePolicy", { policy: allow(statement) });
const bucketArn = "arn:aws:s3:::lake";
const open = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
const bucket = "aws:s3/bucket:Bucket";

/** For each policy what breaks it, with the path that is named. */
const broken: Readonly<Record<string, readonly [path: string, resource: Registered][]>> = {
  "no privileged pod": [
    ["containers[0].securityContext.privileged", pod({ securityContext: { privileged: true } })],
    [
      "containers[0].securityContext.allowPrivilegeEscalation",
      pod({ securityContext: { allowPrivilegeEscalation: true } }),
    ],
    ["containers[0].securityContext.runAsUser", pod({ securityContext: { runAsUser: 0 } })],
    [
      "containers[0].securityContext.capabilities.add",
      pod({ securityContext: { capabilities: { add: ["SYS_ADMIN"] } } }),
    ],
    [
      "initContainers[0].securityContext.privileged",
      pod({}, { initContainers: [{ ...container, securityContext: { privileged: true } }] }),
    ],
    ["spec.template.spec.hostNetwork", pod({}, { hostNetwork: true })],
    ["volumes[0]", pod({}, { volumes: [{ name: "root", hostPath: { path: "/" } }] })],
    [
      "spec.podTemplate.spec.hostPID",
      resource("kubernetes:flink.apache.org/v1beta1:FlinkDeployment", {
        spec: {
          podTemplate: { spec: { hostPID: true, containers: [] } },
          jobManager: { resource: { cpu: 1, memory: "1Gi" } },
          taskManager: { resource: { cpu: 1, memory: "1Gi" } },
        },
      }),
    ],
  ],
  "limits everywhere": [
    ["limits.memory", pod({ resources: { limits: { cpu: "1" } } })],
    ["limits.cpu", pod({ resources: { requests: { cpu: "1" }, limits: { memory: "1Gi" } } })],
    [
      "spec.resources.cpu",
      resource("kubernetes:kafka.strimzi.io/v1:KafkaNodePool", { spec: { resources: { limits: { memory: "1Gi" } } } }),
    ],
  ],
  "no image without digest or content tag": [
    ["containers[0].image", pod({ image: "nginx" })],
    ["containers[0].image", pod({ image: "ghcr.io/acme/app:latest" })],
    ["containers[0].image", pod({ image: "ghcr.io/acme/app:1.2.3" })],
    [
      "spec.image",
      resource("kubernetes:kafka.strimzi.io/v1:KafkaConnect", {
        spec: { image: "connect:v1", resources: container.resources },
      }),
    ],
  ],
  "no plain-text secret": [
    ["env[0].value", pod({ env: [{ name: "KAFKA_PASSWORD", value: "hunter2" }] })],
    [
      "spec.config.database.password",
      resource("kubernetes:kafka.strimzi.io/v1:KafkaConnector", {
        spec: { config: { "database.password": "hunter2" } },
      }),
    ],
    [
      "data.jaas",
      resource("kubernetes:core/v1:ConfigMap", { data: { jaas: 'required username="a" password="hunter2";' } }),
    ],
    ["data.url", resource("kubernetes:core/v1:ConfigMap", { data: { url: "postgresql://app:hunter2@db/consumers" } })],
    ["secretString", resource("aws:secretsmanager/secretVersion:SecretVersion", { secretString: "hunter2" })],
    ["masterPassword", resource("aws:rds/instance:Instance", { masterPassword: "hunter2" })],
  ],
  "no public bucket": [
    ["acl", resource("aws:s3/bucketAcl:BucketAcl", { acl: "public-read" })],
    [
      "restrictPublicBuckets",
      resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { ...open, restrictPublicBuckets: false }),
    ],
    [
      "policy.Statement[0]",
      resource("aws:s3/bucketPolicy:BucketPolicy", {
        policy: allow({ Principal: "*", Action: "s3:GetObject", Resource: `${bucketArn}/*` }),
      }),
    ],
    ["bucket", resource("aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", { bucket: "lake" })],
  ],
  "no wildcard IAM": [
    ["policy.Statement[0].Action", rolePolicy({ Action: "s3:*", Resource: bucketArn })],
    ["policy.Statement[0].Resource", rolePolicy({ Action: ["s3:GetObject"], Resource: "*" })],
    ["policy.Statement[0]", rolePolicy({ NotAction: "iam:CreateUser", Resource: bucketArn })],
    [
      "assumeRolePolicy.Statement[0].Principal",
      resource("aws:iam/role:Role", { assumeRolePolicy: allow({ Action: "sts:AssumeRole", Principal: { AWS: "*" } }) }),
    ],
    [
      "policyArn",
      resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {
        policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
      }),
    ],
    [
      "policy.Statement[0].Action",
      resource("aws:kms/key:Key", {
        policy: allow({ Action: "kms:*", Resource: "*", Principal: { AWS: "arn:aws:iam::1:role/a" } }),
      }),
    ],
  ],
  "protect on what holds data": [
    ["protect", resource(bucket, {})],
    ["protect", resource("kubernetes:core/v1:PersistentVolumeClaim", {})],
    ["protect", resource("kubernetes:postgresql.cnpg.io/v1:Cluster", { spec: { resources: container.resources } })],
  ],
};

test("each policy has fixtures that break it", () => {
  expect(Object.keys(broken).sort()).toEqual(policies.map(({ name }) => name).sort());
});

describe.each(Object.entries(broken))("%s", (policy, fixtures) => {
  test.each(fixtures)("%s is found", (path, one) => {
    const found = violations(one, true).filter(({ message }) => message.endsWith(`Policy: ${policy}.`));
    expect(found).toHaveLength(1);
    expect(found[0]?.path).toMatch(new RegExp(`${path.replace(/[.[\]]/g, "\\$&")}$`));
    expect(found[0]?.fix).toBeTruthy();
  });
});

test.each<[string, Registered]>([
  [
    "a pod as it should be",
    pod({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }),
  ],
  ["an image that is tagged by its content", pod({ image: "localhost:5001/millrace/connect:0123456789abcdef" })],
  [
    "a password from a secret",
    pod({ env: [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "a", key: "password" } } }] }),
  ],
  [
    "a password that a provider of configuration reads",
    resource("kubernetes:kafka.strimzi.io/v1:KafkaConnector", {
      spec: { config: { "database.password": "${secrets:millrace/postgres:password}" } },
    }),
  ],
  [
    "a JAAS text that refers to a variable",
    pod({ env: [{ name: "FLINK_JAAS", value: 'required password="$(KAFKA_PASSWORD)";' }] }),
  ],
  [
    "a secret of Pulumi",
    resource("aws:secretsmanager/secretVersion:SecretVersion", { secretString: new Secret("hunter2") }),
  ],
  ["a value that is not known yet", pod({ image: unknown, env: [{ name: "TOKEN", value: unknown }] })],
  [
    "the name of a secret",
    resource("kubernetes:core/v1:ConfigMap", { spec: { secretName: "postgres", tokenSecretName: "a" } }),
  ],
  [
    "where a secret is found",
    resource("kubernetes:kafka.strimzi.io/v1:KafkaConnector", {
      spec: { authentication: { passwordSecret: { secretName: "connect", password: "password" } } },
    }),
  ],
  ["a closed bucket", resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", open)],
  [
    "a bucket that refuses everyone without TLS",
    resource("aws:s3/bucketPolicy:BucketPolicy", {
      policy: JSON.stringify({ Statement: { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: bucketArn } }),
    }),
  ],
  [
    "actions that have no resource",
    rolePolicy({ Action: ["ec2:DescribeInstances", "ecr:GetAuthorizationToken"], Resource: "*" }),
  ],
  [
    "a key that its account decides about",
    resource(
      "aws:kms/key:Key",
      { policy: allow({ Action: "kms:*", Resource: "*", Principal: { AWS: "arn:aws:iam::1:root" } }) },
      true,
    ),
  ],
  ["a protected bucket", resource(bucket, {}, true)],
])("%s breaks nothing", (_what, one) => {
  expect(violations(one, true)).toEqual([]);
});

test("outside of prod nothing has to be protected", () => {
  expect(violations(resource(bucket, {}), false)).toEqual([]);
});

test("what is known of a value is seen through outputs, secrets as secrets", async () => {
  const props = {
    a: pulumi.output({ b: [pulumi.output(1)] }),
    c: pulumi.secret("x"),
    d: Promise.resolve("y"),
    e: undefined,
  };
  expect(await settle(props)).toEqual({ a: { b: [1] }, c: new Secret("x"), d: "y", e: undefined });
});
