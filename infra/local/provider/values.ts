import { isDeepStrictEqual } from "node:util";

/** How the engine marks a secret and a value that is not known yet, in the values it sends. */
const signature = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";
const unknownMark = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Wire = unknown;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSecret = (value: unknown): value is { value: unknown } => isObject(value) && value[signature] === secretMark;

export const secret = (value: unknown): Wire => ({ [signature]: secretMark, value });

/** The value with all secrets taken out of their wrapping. */
export function unwrap(value: Wire): unknown {
  if (isSecret(value)) return unwrap(value.value);
  if (Array.isArray(value)) return value.map(unwrap);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unwrap(child)]));
}

/** `plain` with the same parts secret that are secret in `like`. */
export function wrapLike(plain: unknown, like: Wire): Wire {
  if (isSecret(like)) return secret(plain);
  if (isObject(plain) && isObject(like)) {
    return Object.fromEntries(Object.entries(plain).map(([key, child]) => [key, wrapLike(child, like[key])]));
  }
  if (!holdsSecret(like)) return plain;
  // Which of a list's elements are secret is not known any more when it has changed: then all are.
  return isDeepStrictEqual(plain, unwrap(like)) ? like : secret(plain);
}

function holdsSecret(value: Wire): boolean {
  if (isSecret(value)) return true;
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isObject(value) && Object.values(value).some(holdsSecret);
}

/** Whether any part of the value will be known only when something else was created. */
export function isUnknown(value: Wire): boolean {
  if (value === unknownMark) return true;
  if (Array.isArray(value)) return value.some(isUnknown);
  return isObject(value) && Object.values(value).some(isUnknown);
}

/** Names of the properties of `next` that differ from `former`. */
export function changedProperties(former: object, next: object): string[] {
  const before = former as Record<string, unknown>;
  const after = next as Record<string, unknown>;
  // The engine drops empty and undefined values on the way: absent and undefined are the same.
  return Object.keys(after).filter((key) => !isDeepStrictEqual(clean(before[key]), clean(after[key])));
}

const clean = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
