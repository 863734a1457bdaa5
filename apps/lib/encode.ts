import { Type, types } from "avsc";
import { latestSchema } from "./registry";

/** Encodes a value, the same that a decoder returns: Avro in the Confluent wire format. @throws Error naming the path and the value that does not fit the schema */
export type Encode = (value: unknown) => Buffer;

/** Exact for every 64-bit number, given as number or bigint. */
const exactLong = types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: number | bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: (value: number | string) => BigInt(value),
  toJSON: (value: bigint) => Number(value),
  isValid: (value: unknown) =>
    typeof value === "bigint" ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/**
 * Writes by the newest schema of the topic's subject; apps register none, schemas are declared.
 *
 * @throws Unavailable when the registry is away or does not have the subject yet
 */
export async function createEncoder(registryUrl: string, topic: string): Promise<Encode> {
  const { id, schema } = await latestSchema(registryUrl, `${topic}-value`);
  const type = Type.forSchema(JSON.parse(schema), { registry: { long: exactLong }, wrapUnions: false });
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return (value) => {
    type.isValid(value, {
      errorHook: (path, wrong) => {
        throw new Error(`${path.join(".") || "the value"} does not fit its schema: ${String(wrong)}`);
      },
    });
    return Buffer.concat([head, type.toBuffer(value)]);
  };
}
