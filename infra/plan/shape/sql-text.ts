/**
 * Names and texts as they stand in a Flink SQL script. Everything that ends up inside a statement goes through here, so that no value can
 * break out of it.
 */

/**
 * A string literal. Printable ASCII stands as it is; a text with anything else is written with Unicode escapes (`U&'…'`), one for each
 * UTF-16 unit, so that neither the encoding of a script file nor a control character can change it.
 */
export function literal(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return `'${text.replaceAll("'", "''")}'`;
  const escaped = text.replace(/[\\']|[^\x20-\x7e]/g, (unit) => {
    if (unit === "'") return "''";
    return unit === "\\" ? "\\\\" : `\\${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `U&'${escaped}'`;
}

/** A quoted identifier; every character but U+0000 is allowed in one. */
export function identifier(name: string): string {
  if (name === "" || name.includes("\0"))
    throw new Error(`not a name that Flink SQL can hold: ${JSON.stringify(name)}`);
  return `\`${name.replaceAll("`", "``")}\``;
}

/**
 * Epoch ms of a TIMESTAMP_LTZ, in any session time zone: EXTRACT(EPOCH …) would count from local midnight.
 * TIMESTAMPDIFF gives an INT, so the seconds are counted from 2020 on, and last until 2088.
 */
export const epochMs = (instant: string): string =>
  `${start2020} + CAST(TIMESTAMPDIFF(SECOND, TO_TIMESTAMP_LTZ(${start2020}, 3), ${instant}) AS BIGINT) * 1000 + EXTRACT(MILLISECOND FROM ${instant})`;
const start2020 = 1_577_836_800_000;
