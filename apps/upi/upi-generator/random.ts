/** Numbers from 0 to 1 that look random and are the same for the same two seeds (mulberry32). */
export type Random = () => number;

export function seeded(seed: number, stream: number): Random {
  let state =
    (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b) ^ Math.floor(stream / 4_294_967_296)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Values as often as their weights say, at the cost of one random number: a table of 8192 places. */
export function weighted<T>(entries: readonly (readonly [T, number])[]): (random: Random) => T {
  const places = 8192;
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  const table: T[] = [];
  let passed = 0;
  for (const [value, weight] of entries) {
    passed += weight;
    while (table.length < Math.round((passed / total) * places)) table.push(value);
  }
  return (random) => table[Math.floor(random() * places)] as T;
}
