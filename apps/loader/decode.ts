import { isUtf8 } from "node:buffer";
import { BadRecord, Unavailable } from "../lib/errors";
import { createDecoder, latestSchema } from "../lib/registry";

/** A value, or the promise of one where the registry has to be asked. Throws BadRecord when its bytes are at fault. */
export type Decode = (value: Buffer | null) => unknown;

export interface Reader {
  readonly decode: Decode;
  /** Of the newest schema. */
  readonly fields: readonly string[];
}

/** How a topic's values are read, as its subject in the registry says. @throws Unavailable */
export async function createReader(registryUrl: string, topic: string): Promise<Reader> {
  const { schema, schemaType } = await latestSchema(registryUrl, `${topic}-value`);
  const json = JSON.parse(schema);
  if (schemaType === "JSON") return { decode: decodeJson, fields: Object.keys(json.properties ?? {}) };
  if (!Array.isArray(json.fields)) throw new Unavailable(`the schema of ${topic} is no record`);
  return { decode: createDecoder(registryUrl, topic), fields: json.fields.map(({ name }: { name: string }) => name) };
}

export function decodeJson(value: Buffer | null): unknown {
  if (!value) throw new BadRecord("it has no value");
  // Bytes that are no UTF-8 would become signs that nobody wrote.
  if (!isUtf8(value)) throw new BadRecord("it is no JSON: it is not UTF-8");
  try {
    const decoded: unknown = JSON.parse(value.toString("utf8"));
    if (typeof decoded === "object" && decoded !== null && !Array.isArray(decoded)) return decoded;
  } catch (error) {
    throw new BadRecord(`it is no JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  throw new BadRecord("it is no JSON object");
}
