import { type AclEntry, AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from "kafkajs";
import type { KafkaGrant } from "../../plan/types";
import type { Handler } from "./handler";
import { isUnreachable, type KafkaConnection, withAdmin } from "./kafka";

export interface AccessInputs {
  readonly kafka: KafkaConnection;
  /** The Kafka user. */
  readonly user: string;
  readonly grants: readonly KafkaGrant[];
}

const resourceTypes = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  "transactional-id": AclResourceTypes.TRANSACTIONAL_ID,
  cluster: AclResourceTypes.CLUSTER,
};
const operations = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Describe: AclOperationTypes.DESCRIBE,
  Create: AclOperationTypes.CREATE,
  IdempotentWrite: AclOperationTypes.IDEMPOTENT_WRITE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};

/** The access list of one Kafka user: exactly these rights and no others. */
export const access: Handler<AccessInputs> = {
  replaceOn: ["user"],

  async create(inputs) {
    await converge(inputs);
    return { id: inputs.user, state: {} };
  },

  async read(state) {
    try {
      const wanted = entriesOf(state).map(keyOf).sort();
      const present = (await presentEntries(state)).map(keyOf).sort();
      // Other rights than declared: shown as no grants at all, so that the next update sets them anew.
      return wanted.join() === present.join() ? state : { ...state, grants: [] };
    } catch (error) {
      if (isUnreachable(error)) return state;
      throw error;
    }
  },

  async update(_state, inputs) {
    await converge(inputs);
    return {};
  },

  async remove(state) {
    await removeEntries(state, await presentEntries(state));
  },
};

async function converge(inputs: AccessInputs): Promise<void> {
  const wanted = new Map(entriesOf(inputs).map((entry) => [keyOf(entry), entry]));
  const present = new Map((await presentEntries(inputs)).map((entry) => [keyOf(entry), entry]));
  const missing = [...wanted].filter(([key]) => !present.has(key)).map(([, entry]) => entry);
  const surplus = [...present].filter(([key]) => !wanted.has(key)).map(([, entry]) => entry);
  if (missing.length > 0) await withAdmin(inputs.kafka, (admin) => admin.createAcls({ acl: missing }));
  await removeEntries(inputs, surplus);
}

async function removeEntries(inputs: AccessInputs, entries: readonly AclEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await withAdmin(inputs.kafka, (admin) => admin.deleteAcls({ filters: entries.map((entry) => ({ ...entry })) }));
}

function entriesOf({ user, grants }: AccessInputs): AclEntry[] {
  return grants.flatMap((grant) =>
    grant.operations.map((operation) => ({
      resourceType: resourceTypes[grant.resource],
      resourceName: grant.name,
      resourcePatternType: grant.prefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      principal: `User:${user}`,
      host: "*",
      operation: operations[operation],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  );
}

async function presentEntries({ kafka, user }: AccessInputs): Promise<AclEntry[]> {
  const described = await withAdmin(kafka, (admin) =>
    admin.describeAcls({
      resourceType: AclResourceTypes.ANY,
      resourcePatternType: ResourcePatternTypes.ANY,
      principal: `User:${user}`,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ANY,
    }),
  );
  return described.resources.flatMap((resource) =>
    resource.acls.map((acl) => ({
      resourceType: resource.resourceType,
      resourceName: resource.resourceName,
      resourcePatternType: resource.resourcePatternType,
      ...acl,
    })),
  );
}

const keyOf = (entry: AclEntry) =>
  [
    entry.resourceType,
    entry.resourceName,
    entry.resourcePatternType,
    entry.principal,
    entry.operation,
    entry.permissionType,
  ].join("|");
