import { createLogger, type Logger } from "../../apps/lib/log";

/** A log whose lines a test can read. */
export function testLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return { log: createLogger("test", { write: (line) => lines.push(JSON.parse(line)) }), lines };
}

export const long = (value: number | bigint): number[] => {
  const big = BigInt(value);
  let rest = BigInt.asUintN(64, (big << 1n) ^ (big >> 63n));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};
