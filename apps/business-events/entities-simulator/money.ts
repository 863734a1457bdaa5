import { between, type Random } from "../../lib/random";

/** Paise, exact at any size. */
export type Money = bigint;

export const rupees = (amount: number): Money => BigInt(amount) * 100n;

/** Paise from the text of a `numeric` with two digits, and back. */
export const parseMoney = (text: string): Money => BigInt(text.replace(".", ""));
export const formatMoney = (paise: Money): string => `${paise / 100n}.${String(paise % 100n).padStart(2, "0")}`;

/** A price as people write one: whole hundreds of rupees. */
export const price = (random: Random, lowRupees: number, highRupees: number): Money =>
  rupees(between(random, lowRupees / 100, highRupees / 100) * 100);

/** One instalment of an amount over so many, rounded up to the paisa, so that the last one is the smallest. */
export const instalment = (amount: Money, count: number): Money => (amount + BigInt(count) - 1n) / BigInt(count);

export function smaller(a: Money, b: Money): Money {
  if (a < b) return a;
  return b;
}
