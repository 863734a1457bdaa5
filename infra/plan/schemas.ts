import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "avsc";
import type { Schema } from "../model";
import { nearest, type Problem } from "./problems";

/** A schema file, read and found valid. */
export interface SchemaText {
  /** From the project's root. */
  readonly file: string;
  /** Canonical: no white space, keys as written. */
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an Avro schema is any JSON
  readonly json: any;
}

/** Reads `schemas/<file>.avsc`; undefined when it cannot be used, and then the problems say why. */
export function readSchema(root: string, schema: Schema, path: string): { schema?: SchemaText; problems: Problem[] } {
  const file = `schemas/${schema.file}.avsc`;
  if (!existsSync(join(root, file))) {
    return { problems: [{ path, message: `The schema file ${file} does not exist.`, fix: `Write ${file}.` }] };
  }
  try {
    const json = JSON.parse(readFileSync(join(root, file), "utf8"));
    Type.forSchema(json, { registry: {} });
    return { schema: { file, text: JSON.stringify(json), json }, problems: [] };
  } catch (error) {
    return { problems: [{ file, path, message: `This is no Avro schema: ${(error as Error).message}.` }] };
  }
}

/** Whether `path` (`a.b[0].c`) leads to a text field of a record schema; the problem otherwise. */
export function checkKeyPath(schema: SchemaText, key: string, path: string): Problem[] {
  let at = schema.json;
  for (const step of key.replace(/\[\d+\]/g, ".[]").split(".")) {
    if (step === "[]") {
      if (at?.type !== "array")
        return [
          { file: schema.file, path, message: `The key ${key} takes an element of what is no array.`, given: key },
        ];
      at = at.items;
      continue;
    }
    const names: string[] = at?.fields?.map((field: { name: string }) => field.name) ?? [];
    const field = at?.fields?.find((candidate: { name: string }) => candidate.name === step);
    if (!field) {
      const meant = nearest(step, names);
      const fix = meant ? { fix: `Did you mean ${meant}?` } : {};
      return [
        {
          file: schema.file,
          path,
          message: `The key ${key} leads to no field: there is no ${step}.`,
          given: key,
          allowed: names,
          ...fix,
        },
      ];
    }
    at = typeof field.type === "object" && !Array.isArray(field.type) ? field.type : { type: field.type };
  }
  if (at?.type === "string") return [];
  return [{ file: schema.file, path, message: `The key ${key} must be text.`, given: at?.type ?? at }];
}
