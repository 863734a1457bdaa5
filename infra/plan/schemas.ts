import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "avsc";
import type { Schema } from "../model";
import { nearest, type Problem } from "./problems";
import { kindOf, refusedInJson } from "./shape/json-types";

/** A schema file, read and found valid. */
export interface SchemaText {
  readonly format: Schema["format"];
  /** From the project's root. */
  readonly file: string;
  /** Canonical: no white space, keys as written. */
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a schema is any JSON
  readonly json: any;
}

const endings = { avro: "avsc", json: "schema.json" } as const;

/** Reads `schemas/<file>.avsc`, or `.schema.json`; undefined when it cannot be used, and then the problems say why. */
export function readSchema(root: string, schema: Schema, path: string): { schema?: SchemaText; problems: Problem[] } {
  const { format } = schema;
  const file = `schemas/${schema.file}.${endings[format]}`;
  if (!existsSync(join(root, file))) {
    return { problems: [{ path, message: `The schema file ${file} does not exist.`, fix: `Write ${file}.` }] };
  }
  const what = format === "avro" ? "Avro schema" : "JSON Schema";
  try {
    const json = JSON.parse(readFileSync(join(root, file), "utf8"));
    if (format === "avro") Type.forSchema(json, { registry: {} });
    const refused = format === "json" ? refusedInJson(json) : [];
    if (refused.length > 0) return { problems: refused.map((problem) => ({ ...problem, file })) };
    return { schema: { format, file, text: JSON.stringify(json), json }, problems: [] };
  } catch (error) {
    return { problems: [{ file, path, message: `This is no ${what}: ${(error as Error).message}.` }] };
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
    const fields = fieldsOf(schema.format, at);
    const field = fields.get(step);
    if (field === undefined) {
      const names = [...fields.keys()];
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
    at = typeof field === "object" && !Array.isArray(field) ? field : { type: field };
  }
  // In JSON a whole number is its own text.
  const kinds = schema.format === "json" ? ["string", "integer"] : ["string"];
  if (kinds.includes(schema.format === "json" ? kindOf(at) : at?.type)) return [];
  return [{ file: schema.file, path, message: `The key ${key} must be text.`, given: at?.type ?? at }];
}

/** Of a record or an object: the schema of each field by its name. */
export function fieldsOf(format: Schema["format"], schema: SchemaText["json"]): Map<string, unknown> {
  if (format === "json") return new Map(Object.entries(schema?.properties ?? {}));
  return new Map(schema?.fields?.map((field: { name: string; type: unknown }) => [field.name, field.type]) ?? []);
}
