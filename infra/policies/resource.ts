import * as pulumi from "@pulumi/pulumi";

/** A value that is a secret of Pulumi: encrypted in state, not shown. */
export class Secret {
  constructor(readonly value: unknown) {}
}
/** A value that is known once something else has been made. */
export const unknown = Symbol("unknown");

/** A resource as the program registers it. Values are plain, `Secret` or `unknown`. */
export interface Registered {
  /** For example `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
}

/** Resolves what is known of a value, all the way down. */
export async function settle(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) {
    const output = value as unknown as {
      isKnown: Promise<boolean>;
      isSecret: Promise<boolean>;
      promise(): Promise<unknown>;
    };
    const [isKnown, isSecret] = await Promise.all([output.isKnown, output.isSecret]);
    const settled = isKnown ? await settle(await output.promise()) : unknown;
    return isSecret ? new Secret(settled) : settled;
  }
  if (value instanceof Promise) return settle(await value);
  if (Array.isArray(value)) return Promise.all(value.map(settle));
  if (typeof value !== "object" || value === null || pulumi.Resource.isInstance(value)) return value;
  const entries = Object.entries(value).map(async ([key, child]) => [key, await settle(child)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** Every object and every value below a value, with its path. Secrets are shown as such, not entered. */
export function* walk(value: unknown, path = ""): Generator<[path: string, value: unknown]> {
  yield [path, value];
  if (Array.isArray(value)) {
    for (const [index, child] of value.entries()) yield* walk(child, `${path}[${index}]`);
  } else if (isObject(value) && !(value instanceof Secret)) {
    for (const [key, child] of Object.entries(value)) yield* walk(child, path ? `${path}.${key}` : key);
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
