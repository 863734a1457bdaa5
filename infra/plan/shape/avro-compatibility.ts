import { Type } from "avsc";
import type { Compatibility } from "../../model";
import { findings } from "./avro-resolution";

/** One place where a new version of a schema breaks its subject's level. */
export interface Incompatibility {
  /** Dots between fields, `[]` for the items of an array, `{}` for the values of a map: `eventBody.entities[].entityId`. */
  readonly path: string;
  /** The direction, and the rule by the name that registries print: `BACKWARD READER_FIELD_MISSING_DEFAULT_VALUE`. */
  readonly rule: string;
  /** What changed, from the older version to the newer. */
  readonly message: string;
}

/**
 * What in `newer` breaks `level`, judged as a reader's and a writer's schema are resolved. `older` are the versions before it, oldest first (one
 * may stand alone): the transitive levels compare with each, the others with the last. Empty when the change is allowed.
 */
export function incompatibilities(
  older: string | readonly string[],
  newer: string,
  level: Compatibility,
): Incompatibility[] {
  if (level === "NONE") return [];
  const versions = typeof older === "string" ? [older] : older;
  const next = parse(newer);
  const found: Incompatibility[] = [];
  for (const version of level.endsWith("_TRANSITIVE") ? versions : versions.slice(-1)) {
    const former = parse(version);
    if (!level.startsWith("FORWARD")) found.push(...broken("BACKWARD", next, former));
    if (!level.startsWith("BACKWARD")) found.push(...broken("FORWARD", former, next));
  }
  const seen = new Set<string>();
  return found.filter(({ path, rule, message }) => {
    const key = JSON.stringify([path, rule, message]);
    return !seen.has(key) && seen.add(key);
  });
}

const parse = (schema: string): Type => Type.forSchema(JSON.parse(schema), { registry: {} });

/** BACKWARD: the newer schema reads what was written with the older. FORWARD: the older one reads what is written with the newer. */
function broken(direction: "BACKWARD" | "FORWARD", reader: Type, writer: Type): Incompatibility[] {
  const refusal = judge(reader, writer);
  if (refusal === undefined) return [];
  const found = findings(reader, writer, direction === "BACKWARD" ? "newer" : "older");
  // The judge decides; should it know a rule that the walk does not, its own words are better than silence.
  if (found.length === 0) return [{ path: "", rule: `${direction} UNREADABLE`, message: refusal }];
  return found.map(({ path, rule, message }) => ({ path, rule: `${direction} ${rule}`, message }));
}

/** Why `reader` cannot read what `writer` wrote, in avsc's words; undefined when it can. */
export function judge(reader: Type, writer: Type): string | undefined {
  try {
    reader.createResolver(writer);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
