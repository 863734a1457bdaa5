import { isUtf8 } from "node:buffer";
import { BadRecord } from "./errors";

/**
 * Reads Avro's binary encoding by the schema that it was written with.
 *
 * Its own reader, because a topic may hold bytes that anyone made up: `avsc` takes an array's length on trust, so a dozen bytes make it run out of
 * memory, again at every restart. Here nothing is read past the end, no array or map claims more items than there are bytes left, and text must be
 * UTF-8. `long` is a number while that is exact and a bigint beyond, `decimal` is its digits as text, a union is its bare value.
 */
export type Reader = (bytes: Buffer) => unknown;

interface Input {
  readonly bytes: Buffer;
  at: number;
}
type Read = (input: Input) => unknown;
/** Named types by full name, for references to them. */
type Names = Map<string, Read>;
type Json = { readonly [key: string]: unknown };

/** @throws Error when it is no Avro schema. The reader throws BadRecord. */
export function compileAvro(schema: unknown): Reader {
  const read = compile(schema, new Map(), "");
  return (bytes) => {
    const input = { bytes, at: 0 };
    try {
      const value = read(input);
      if (input.at !== bytes.length) throw new BadRecord(`${bytes.length - input.at} bytes too many`);
      return value;
    } catch (error) {
      // A type that holds itself can be nested deeper than the stack.
      throw error instanceof RangeError ? new BadRecord("nested too deep") : error;
    }
  };
}

function compile(schema: unknown, names: Names, namespace: string): Read {
  if (Array.isArray(schema)) return union(schema.map((branch) => compile(branch, names, namespace)));
  if (typeof schema === "string") return primitives[schema] ?? reference(schema, names, namespace);
  if (typeof schema !== "object" || schema === null) throw new Error(`no Avro type: ${JSON.stringify(schema)}`);
  const type = schema as Json;
  if (type.logicalType === "decimal") return decimal(compilePlain(type, names, namespace), Number(type.scale ?? 0));
  return compilePlain(type, names, namespace);
}

function compilePlain(type: Json, names: Names, namespace: string): Read {
  switch (type.type) {
    case "array":
      return array(compile(type.items, names, namespace));
    case "map":
      return map(compile(type.values, names, namespace));
    case "record":
    case "error":
      return record(type, names, namespace);
    case "enum": {
      const symbols = type.symbols as readonly string[];
      return define(type, names, namespace, (input) => chosen(symbols, input, "symbol"));
    }
    case "fixed": {
      const size = Number(type.size);
      return define(type, names, namespace, (input) => take(input, size));
    }
    default:
      return compile(type.type, names, namespace);
  }
}

function record(type: Json, names: Names, namespace: string): Read {
  const fields: { name: string; read: Read }[] = [];
  const read = define(type, names, namespace, (input) => {
    const value: Record<string, unknown> = {};
    for (const field of fields) value[field.name] = field.read(input);
    return value;
  });
  const inner = fullName(type, namespace).replace(/\.?[^.]*$/, "");
  for (const field of type.fields as readonly Json[]) {
    fields.push({ name: String(field.name), read: compile(field.type, names, inner) });
  }
  return read;
}

function define(type: Json, names: Names, namespace: string, read: Read): Read {
  names.set(fullName(type, namespace), read);
  return read;
}

function fullName(type: Json, namespace: string): string {
  const name = String(type.name);
  const space = String(type.namespace ?? namespace);
  return name.includes(".") || space === "" ? name : `${space}.${name}`;
}

function reference(name: string, names: Names, namespace: string): Read {
  const read = names.get(fullName({ name }, namespace)) ?? names.get(name);
  if (!read) throw new Error(`no Avro type: ${JSON.stringify(name)}`);
  return read;
}

const union =
  (branches: readonly Read[]): Read =>
  (input) =>
    chosen(branches, input, "branch")(input);

function array(item: Read): Read {
  return (input) => {
    const items: unknown[] = [];
    for (let left = blockLength(input); left > 0; left = blockLength(input)) {
      for (; left > 0; left--) items.push(item(input));
    }
    return items;
  };
}

function map(value: Read): Read {
  return (input) => {
    const entries: Record<string, unknown> = {};
    for (let left = blockLength(input); left > 0; left = blockLength(input)) {
      for (; left > 0; left--) {
        const key = text(input);
        if (key === "__proto__") Object.defineProperty(entries, key, { ...plainProperty, value: value(input) });
        else entries[key] = value(input);
      }
    }
    return entries;
  };
}

/** Assigned, this one key would be something else than an entry. */
const plainProperty = { configurable: true, enumerable: true, writable: true };

/** Items of the next block of an array or map; 0 ends it. Items without any bytes (only null has none) are limited with the rest. */
function blockLength(input: Input): number {
  let length = long(input);
  if (length < 0) {
    length = -length;
    long(input); // bytes of the block, for those who skip it
  }
  if (length > input.bytes.length - input.at)
    throw new BadRecord(`${length} items in ${input.bytes.length - input.at} bytes`);
  return Number(length);
}

function chosen<T>(from: readonly T[], input: Input, what: string): T {
  const index = long(input);
  const found = from[Number(index)];
  if (found === undefined) throw new BadRecord(`no ${what} ${index}`);
  return found;
}

/** Big-endian two's complement with the point moved by `scale` digits. */
function decimal(bytes: Read, scale: number): Read {
  return (input) => {
    const unscaled = bytes(input) as Buffer;
    const value =
      unscaled.length === 0 ? 0n : BigInt.asIntN(unscaled.length * 8, BigInt(`0x${unscaled.toString("hex")}`));
    const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
    const sign = value < 0n ? "-" : "";
    return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  };
}

function skip(input: Input, length: number | bigint): void {
  if (length < 0 || length > input.bytes.length - input.at) throw new BadRecord("it ends too early");
  input.at += Number(length);
}

function take(input: Input, length: number | bigint): Buffer {
  const start = input.at;
  skip(input, length);
  return input.bytes.subarray(start, input.at);
}

function text(input: Input): string {
  const length = long(input);
  const from = input.at;
  skip(input, length);
  const value = input.bytes.toString("utf8", from, input.at);
  // What is not UTF-8 becomes this sign; someone may have written the sign itself, too.
  if (value.includes("\ufffd") && !isUtf8(input.bytes.subarray(from, input.at)))
    throw new BadRecord("text that is not UTF-8");
  return value;
}

/** Zigzag, seven bits a byte, lowest first. */
function long(input: Input): number | bigint {
  const start = input.at;
  const first = input.bytes[start] as number;
  // Most are lengths, counts and branches: one byte.
  if (first < 0x80) {
    input.at++;
    return (first >>> 1) ^ -(first & 1);
  }
  let value = 0;
  let factor = 1;
  for (let byte = 0x80; byte >= 0x80; factor *= 128) {
    if (input.at >= input.bytes.length) throw new BadRecord("it ends too early");
    if (input.at - start === 10) throw new BadRecord("a number of more than 64 bits");
    byte = input.bytes[input.at++] as number;
    value += (byte & 0x7f) * factor;
  }
  if (value > Number.MAX_SAFE_INTEGER) return bigLong(input.bytes.subarray(start, input.at));
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function bigLong(bytes: Buffer): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 7n) | BigInt((bytes[i] as number) & 0x7f);
  const plain = BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  return Number.isSafeInteger(Number(plain)) ? Number(plain) : plain;
}

function boolean(input: Input): boolean {
  const byte = take(input, 1)[0] as number;
  if (byte > 1) throw new BadRecord(`no boolean: ${byte}`);
  return byte === 1;
}

const primitives: Readonly<Record<string, Read>> = {
  null: () => null,
  boolean,
  int: long,
  long,
  float: (input) => take(input, 4).readFloatLE(),
  double: (input) => take(input, 8).readDoubleLE(),
  bytes: (input) => take(input, long(input)),
  string: text,
};
