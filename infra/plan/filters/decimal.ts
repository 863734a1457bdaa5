/**
 * Numbers as Flink's DECIMAL(38, 10) holds them: exact, never a float. A number is kept as a bigint, its value times 10^10.
 *
 * 28 digits before the point and 10 after it hold any amount of money, and 1e21. Debezium and Flink print doubles as
 * `1.0E7`, so an exponent is read, of two digits at most: Java would build a number of a billion digits from `1e999999999`.
 */
export const precision = 38;
export const scale = 10;

/** What text of an event is read as a number, as a pattern of Java and of JavaScript, without anchors. */
export const numberPattern = "[-+]?(?:[0-9]{1,40}(?:[.][0-9]{0,40})?|[.][0-9]{1,40})(?:[eE][-+]?[0-9]{1,2})?";
const number = new RegExp(`^${numberPattern}$`);

interface Digits {
  readonly negative: boolean;
  readonly digits: bigint;
  /** The value is digits × 10^exponent. */
  readonly exponent: number;
}

function digitsOf(text: string): Digits | undefined {
  if (!number.test(text)) return undefined;
  const [mantissa = "", exponent = "0"] = text.replace(/^[-+]/, "").split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.split(".");
  return {
    negative: text.startsWith("-"),
    digits: BigInt(whole + fraction),
    exponent: Number(exponent) - fraction.length,
  };
}

const limit = 10n ** BigInt(precision);

/**
 * The number that an event's text means, times 10^10, rounded half away from zero, as Flink's cast does.
 * Undefined when it is no number, or has more than 28 digits before the point.
 */
export function toDecimal(text: string): bigint | undefined {
  const parts = digitsOf(text);
  if (!parts) return undefined;
  const shift = parts.exponent + scale;
  const scaled = shift >= 0 ? parts.digits * 10n ** BigInt(shift) : roundHalfUp(parts.digits, 10n ** BigInt(-shift));
  if (scaled >= limit) return undefined;
  return parts.negative ? -scaled : scaled;
}

function roundHalfUp(digits: bigint, divisor: bigint): bigint {
  return (digits * 2n + divisor) / (divisor * 2n);
}

/** The plain, shortest spelling of a number in a filter; undefined when a DECIMAL(38, 10) cannot hold it exactly. */
export function exactNumber(text: string): string | undefined {
  const parts = digitsOf(text);
  const decimal = toDecimal(text);
  if (!parts || decimal === undefined) return undefined;
  const shift = parts.exponent + scale;
  if (shift < 0 && parts.digits % 10n ** BigInt(-shift) !== 0n) return undefined;
  return formatDecimal(decimal);
}

export function formatDecimal(decimal: bigint): string {
  const digits = (decimal < 0n ? -decimal : decimal).toString().padStart(scale + 1, "0");
  const fraction = digits.slice(-scale).replace(/0+$/, "");
  return `${decimal < 0n ? "-" : ""}${digits.slice(0, -scale)}${fraction ? `.${fraction}` : ""}`;
}

/** An exact number with all ten places, as Flink casts a DECIMAL(38, 10) to text. */
export function allPlaces(text: string): string {
  const [whole, fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(scale, "0")}`;
}
