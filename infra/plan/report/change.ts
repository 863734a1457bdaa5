/** One thing that becomes other than it is, in words of the domain. */
export interface Change {
  readonly kind: "added" | "changed" | "removed";
  /** Its name. */
  readonly what: string;
  /** What of it, as parts of a sentence. */
  readonly how: readonly string[];
  /** What is lost, or may be, when this is deployed. */
  readonly risk?: string;
}

interface Named {
  readonly name: string;
}

/** Pairs what was with what will be, by name, in the order of the new, then what goes. */
export function pairs<T extends Named>(before: readonly T[], after: readonly T[]): [was: T | undefined, is?: T][] {
  const former = new Map(before.map((one) => [one.name, one]));
  const names = new Set(after.map(({ name }) => name));
  return [
    ...after.map((one): [T | undefined, T] => [former.get(one.name), one]),
    ...before.filter(({ name }) => !names.has(name)).map((one): [T] => [one]),
  ];
}

/** Changes of named things: `added` and `removed` say how much that is, `changed` what differs, nothing when nothing does. */
export function changesOf<T extends Named>(
  before: readonly T[],
  after: readonly T[],
  say: {
    readonly added: (is: T) => readonly string[];
    readonly changed: (was: T, is: T) => { how: readonly string[]; risk?: string };
    readonly removed: (was: T) => string | undefined;
  },
): Change[] {
  return pairs(before, after).flatMap(([was, is]): Change[] => {
    if (was && is) {
      const { how, risk } = say.changed(was, is);
      return how.length > 0 ? [{ kind: "changed", what: is.name, how, ...(risk && { risk }) }] : [];
    }
    if (is) return [{ kind: "added", what: is.name, how: say.added(is) }];
    const { name } = was as T;
    const risk = say.removed(was as T);
    return [{ kind: "removed", what: name, how: [], ...(risk && { risk }) }];
  });
}

/** What of a map differs: `key a → b`. */
export function differences(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [was, is] = [before[key], after[key]];
    if (was === is) return [];
    if (was === undefined) return [`${key} is ${is}`];
    return is === undefined ? [`${key} is no longer set`] : [`${key} ${was} → ${is}`];
  });
}

export const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
