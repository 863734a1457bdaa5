/** Arithmetic of Postgres' log: places in it (LSN, `0/16B3748`) and the segment files that hold them. */

/** Place in the log as a number of bytes. */
export function bytesOf(lsn: string): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn) ?? [];
  if (high === undefined || low === undefined) throw new Error(`${lsn} is no place in a Postgres log`);
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** Name of the file that holds the byte at this place: timeline, and number of the segment in two parts. */
export function segmentAt(lsn: string, segmentBytes: number, timeline = 1): string {
  return nameOf(timeline, bytesOf(lsn) / BigInt(segmentBytes), segmentBytes);
}

export function nextSegment(name: string, segmentBytes: number): string {
  const perId = perIdOf(segmentBytes);
  const number = BigInt(`0x${name.slice(8, 16)}`) * perId + BigInt(`0x${name.slice(16)}`);
  return nameOf(Number.parseInt(name.slice(0, 8), 16), number + 1n, segmentBytes);
}

/** Also tells apart what else Postgres archives: `….backup`, `….history`, `….partial`. */
export const isSegment = (name: string): boolean => /^[0-9A-F]{24}$/.test(name);

const perIdOf = (segmentBytes: number) => 0x1_0000_0000n / BigInt(segmentBytes);

function nameOf(timeline: number, number: bigint, segmentBytes: number): string {
  const perId = perIdOf(segmentBytes);
  const hex = (value: bigint | number) => value.toString(16).toUpperCase().padStart(8, "0");
  return `${hex(timeline)}${hex(number / perId)}${hex(number % perId)}`;
}
