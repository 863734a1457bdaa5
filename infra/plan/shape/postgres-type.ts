/** `timestamp(3) with time zone` is `timestamp with time zone` with arguments 3; `numeric(14,2)` is `numeric` with 14 and 2. */
export function parseType(type: string): { name: string; args: readonly number[] } {
  const match = /\(([\d,]+)\)/.exec(type);
  return { name: type.replace(/\([\d,]+\)/, ""), args: (match?.[1] ?? "").split(",").filter(Boolean).map(Number) };
}
