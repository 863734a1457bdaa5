import { compileAvro, type Reader } from "./avro";
import { BadRecord, Unavailable } from "./errors";

/**
 * Decodes a record's value: Avro in the Confluent wire format (a zero, the schema's id in 4 bytes, the data).
 *
 * @throws BadRecord when its bytes are at fault, Unavailable when the registry is
 */
export type Decode = (value: Buffer | null) => Promise<unknown>;

const answerLimitMs = 5000;

/**
 * Values are read by the schema that they were written with, so new optional fields come through by themselves. Schemas are asked for once: what an id
 * means never changes.
 *
 * @param topic whose values are decoded
 */
export function createDecoder(registryUrl: string, topic: string): Decode {
  const readers = new Map<number, Promise<Reader>>();
  const readerOf = (id: number): Promise<Reader> => {
    const known = readers.get(id);
    if (known) return known;
    const asked = schemaById(registryUrl, id, topic).then((schema) => readerFor(id, schema));
    readers.set(id, asked);
    // Only what is known is kept: an id that means nothing today may be given away tomorrow.
    asked.catch(() => readers.delete(id));
    return asked;
  };
  return async (value) => {
    if (!value) throw new BadRecord("it has no value");
    if (value.length < 5 || value[0] !== 0) throw new BadRecord("it is not Avro in the Confluent wire format");
    const id = value.readInt32BE(1);
    const read = await readerOf(id);
    try {
      return read(value.subarray(5));
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      throw new BadRecord(`it does not fit its schema ${id}: ${error.message}`);
    }
  };
}

function readerFor(id: number, schema: string): Reader {
  try {
    return compileAvro(JSON.parse(schema));
  } catch (error) {
    throw new BadRecord(`its schema ${id} is not Avro: ${(error as Error).message}`);
  }
}

async function schemaById(registryUrl: string, id: number, topic: string): Promise<string> {
  const answer = await ask(registryUrl, `schemas/ids/${id}`);
  if (answer.status === 200) return (answer.body as { schema: string }).schema;
  // A registry that lost its contents knows no id at all: then the record is as good as any other.
  const subject = await ask(registryUrl, `subjects/${encodeURIComponent(`${topic}-value`)}/versions`);
  if (subject.status !== 200) throw new Unavailable(`the registry has no subject ${topic}-value`);
  throw new BadRecord(`the registry has no schema ${id}`);
}

/** @returns status 200 with a body, or 404. @throws Unavailable */
async function ask(registryUrl: string, path: string): Promise<{ status: 200 | 404; body: unknown }> {
  const url = `${registryUrl}/apis/ccompat/v7/${path}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.status === 200 && body !== undefined) return { status: 200, body };
    // Other 404s are of a server that does not know the path, yet.
    const code = String((body as { error_code?: number } | undefined)?.error_code);
    if (response.status === 404 && /^404/.test(code)) return { status: 404, body };
    throw new Unavailable(`the registry answers ${response.status} to ${path}`);
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    const cause = (error as { cause?: Error }).cause;
    throw new Unavailable(`the registry does not answer: ${cause?.message || (error as Error).message}`);
  }
}

/** For `/health/ready`. */
export async function registryAnswers(registryUrl: string): Promise<undefined> {
  await ask(registryUrl, "subjects?deleted=false");
}

export interface RegisteredSchema {
  readonly id: number;
  readonly schema: string;
  /** Absent for Avro. */
  readonly schemaType?: "AVRO" | "JSON";
}

/** The newest version of a subject. @throws Unavailable also when there is none yet */
export async function latestSchema(registryUrl: string, subject: string): Promise<RegisteredSchema> {
  const { status, body } = await ask(registryUrl, `subjects/${encodeURIComponent(subject)}/versions/latest`);
  if (status !== 200) throw new Unavailable(`the registry has no subject ${subject}`);
  return body as RegisteredSchema;
}
