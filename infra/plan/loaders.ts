import type { App, Pipeline } from "../model";
import type { Problem } from "./problems";
import { fieldsOf, type SchemaText } from "./schemas";
import { placeOf } from "./topics";
import type { DatabasePlan } from "./types";

/** Columns that hold the record itself: apps/loader/target.ts. */
const ofRecord = ["record_value", "record_key", "record_partition", "record_offset", "record_timestamp"];

/** Columns that a loader would leave empty, and that may not be: no record could be stored. */
export function checkLoader(
  pipeline: Pipeline,
  app: App,
  schemas: ReadonlyMap<string, SchemaText>,
  databases: ReadonlyMap<string, DatabasePlan>,
): Problem[] {
  const [topic] = app.args.reads ?? [];
  const [table] = app.args.writes ?? [];
  if (!app.args.offsets || topic?.kind !== "topic" || table?.kind !== "table") return [];
  const schema = schemas.get(topic.name);
  const shape = databases.get(table.database.name)?.tables.find(({ name }) => name === table.name);
  // What cannot be used has been reported.
  if (!schema || !shape) return [];
  const fields = [...fieldsOf(schema.format, schema.json).keys()];
  const filled = [...fields, ...ofRecord];
  return shape.columns
    .filter(({ name, nullable, hasDefault }) => {
      const needed = shape.primaryKey.includes(name) || (!nullable && !hasDefault);
      return needed && !filled.includes(name);
    })
    .map(({ name }) => ({
      path: placeOf(pipeline, app),
      message: `Column ${name} of ${table.name} must have a value, and ${topic.name} has no such field.`,
      given: name,
      allowed: fields,
      fix: `Give it a default in migrations/${table.database.name}/, or add the field to ${schema.file}.`,
    }));
}
