import { type JsonSchema, kindOf } from "./json-types";
import { identifier, literal } from "./sql-text";

/** A rule of a JSON Schema about a value, as SQL. */
export interface JsonRule {
  /** True for a value that breaks it; null where there is no value. */
  readonly broken: string;
  readonly says: string;
}

/**
 * What a JSON Schema says of values beyond their types: `enum` and `const` of texts, `pattern`, `minLength`, `maxLength`, `minimum`, `maximum`,
 * `exclusiveMinimum` and `exclusiveMaximum`. Not inside of arrays and maps, which one condition cannot look into. `pattern` is read as Java reads it.
 */
export const jsonRules = (schema: JsonSchema): JsonRule[] => rulesOf(schema, [], []);

function rulesOf(schema: JsonSchema, path: readonly string[], columns: readonly string[]): JsonRule[] {
  const kind = kindOf(schema);
  if (kind === "object") {
    return Object.entries<JsonSchema>(schema.properties ?? {}).flatMap(([name, field]) =>
      rulesOf(field, [...path, name], [...columns, identifier(name)]),
    );
  }
  const value = columns.join(".");
  const rule = (broken: string, says: string): JsonRule => ({ broken, says: `${path.join(".")}: ${says}` });
  const rules: JsonRule[] = [];
  if (kind === "string") {
    const allowed: unknown[] | undefined = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
    const texts = allowed?.filter((one) => typeof one === "string") as string[] | undefined;
    if (texts) rules.push(rule(`${value} NOT IN (${texts.map(literal).join(", ")})`, `none of ${texts.join(", ")}`));
    if (schema.pattern)
      rules.push(rule(`NOT REGEXP(${value}, ${literal(schema.pattern)})`, `not like ${schema.pattern}`));
    if (schema.minLength) rules.push(rule(`CHAR_LENGTH(${value}) < ${schema.minLength}`, "too short"));
    if (schema.maxLength !== undefined) rules.push(rule(`CHAR_LENGTH(${value}) > ${schema.maxLength}`, "too long"));
  }
  if (kind === "integer" || kind === "number") {
    for (const [word, operator, says] of comparisons) {
      if (typeof schema[word] !== "number") continue;
      rules.push(rule(`${value} ${operator} ${schema[word]}`, `${says} ${schema[word]}`));
    }
  }
  return rules;
}

const comparisons = [
  ["minimum", "<", "less than"],
  ["maximum", ">", "more than"],
  ["exclusiveMinimum", "<=", "not more than"],
  ["exclusiveMaximum", ">=", "not less than"],
] as const;

/** For the source of a topic: which records break a rule, and every rule that they break. Undefined when there is none. */
export function unfitByRules(schema: JsonSchema): { condition: string; reason: { sql: string } } | undefined {
  const rules = jsonRules(schema);
  if (rules.length === 0) return undefined;
  const says = rules.map(({ broken, says }) => `CASE WHEN ${broken} THEN ${literal(says)} END`);
  return {
    condition: rules.map(({ broken }) => `(${broken}) IS TRUE`).join(" OR "),
    reason: { sql: `CONCAT_WS('; ', ${says.join(", ")})` },
  };
}
