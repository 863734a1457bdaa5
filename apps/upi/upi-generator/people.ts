import { type Random, seeded, weighted } from "./random";

export interface Merchant {
  readonly vpa: string;
  /** ISO 18245. */
  readonly category: string;
  readonly typicalRupees: number;
}

const kinds: readonly (readonly [name: string, category: string, share: number, typicalRupees: number])[] = [
  ["kirana", "5411", 30, 180],
  ["cafe", "5812", 18, 240],
  ["fuel", "5541", 8, 900],
  ["pharmacy", "5912", 8, 320],
  ["fashion", "5651", 7, 1400],
  ["mobile", "4814", 10, 299],
  ["metro", "4111", 9, 60],
  ["power", "4900", 5, 1600],
  ["electronics", "5732", 2, 8500],
  ["school", "8211", 1, 12000],
];
export const banks = ["HDFC", "SBI", "ICICI", "AXIS", "PNB", "KOTAK", "YES", "IDFC"] as const;
const handles = ["okhdfc", "oksbi", "okicici", "okaxis", "ybl", "paytm", "ibl", "apl"] as const;
const cities = ["Mumbai", "Delhi", "Bengaluru", "Hyderabad", "Chennai", "Kolkata", "Pune", "Jaipur", "Kochi", "Indore"];
const devices = ["android", "android", "android", "ios", "feature-phone"];
const names = [
  "asha",
  "ravi",
  "meera",
  "arjun",
  "kavya",
  "imran",
  "sunita",
  "vikram",
  "fatima",
  "joseph",
  "neha",
  "om",
];

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

export const merchantCount = 400;
const merchants: readonly Merchant[] = Array.from({ length: merchantCount }, (_, index) => {
  const kind = weighted(kinds.map((one) => [one, one[2]] as const))(seeded(7, index));
  const [name, category, , typicalRupees] = kind;
  return { vpa: `${name}${index}@${handles[index % handles.length]}`, category, typicalRupees };
});
/** The most popular has many times the customers of the hundredth: 1/rank, as shops do. */
export const someMerchant = weighted(merchants.map((merchant, rank) => [merchant, 1 / (rank + 3)] as const));
export const someStatus = weighted([
  ["SUCCESS", 0.93],
  ["FAILED", 0.05],
  ["PENDING", 0.02],
] as const);

export const somePerson = (random: Random): string =>
  `${pick(random, names)}${Math.floor(random() * 40_000)}@${pick(random, handles)}`;
export const someBank = (random: Random): string => pick(random, banks);
export const someCity = (random: Random): string => pick(random, cities);
export const someDevice = (random: Random): string => pick(random, devices);

/** Around the typical amount, a few of them far above: paise, at least one rupee, at most a lakh. */
export function someAmount(random: Random, typicalRupees: number): number {
  const skew = random() + random() + random() - 1.5;
  const rupees = typicalRupees * Math.exp(skew * 1.6);
  const whole = random() < 0.8;
  const paise = whole ? Math.round(rupees) * 100 : Math.round(rupees * 100);
  return Math.min(10_000_000, Math.max(100, paise));
}

/** Share of the mean rate at a time of the day in India: quiet at night, busy at noon and most in the evening. */
export function dayCurve(epochMs: number): number {
  const hour = ((epochMs / 3_600_000 + 5.5) % 24) + (epochMs < 0 ? 24 : 0);
  const bump = (at: number, width: number) => Math.exp(-(((hour - at) / width) ** 2));
  return 0.12 + 1.25 * bump(12.5, 3) + 1.75 * bump(19.5, 3);
}
