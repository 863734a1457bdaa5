import { type Spoiling, spoilings } from "./broken";
import { someAmount, someBank, someCity, someDevice, someMerchant, somePerson, someStatus } from "./people";
import { seeded } from "./random";

/** What makes the records of a tick, beside the tick itself. */
export interface Settings {
  readonly seed: number;
  readonly brokenShare: number;
  readonly duplicateShare: number;
  readonly lateShare: number;
  readonly lateDays: number;
}
export interface Tick {
  /** Of all ticks since the generator began. */
  readonly run: string;
  readonly number: number;
  /** Number of its first record in the run. */
  readonly first: number;
  readonly records: number;
  /** Epoch ms. */
  readonly at: number;
  readonly settings: Settings;
}
export interface Payment {
  readonly txnId: string;
  /** Epoch ms. */
  readonly time: number;
  readonly status: string;
  readonly paise: number;
  /** Undefined for a payment between people. */
  readonly merchant: string | undefined;
  /** JSON. */
  readonly value: string;
}
export interface SentRecord {
  readonly key: string;
  readonly value: string | Buffer;
}
/** Told of everything that is sent. */
export interface Counts {
  readonly payment: (payment: Payment) => void;
  readonly broken: (says: string) => void;
}

const dayMs = 86_400_000;
const indiaMs = 19_800_000;

/** The records of a tick: the same for the same tick. Some stand in it twice. */
export function recordsOf(tick: Tick, counts: Counts): SentRecord[] {
  const { seed, brokenShare, duplicateShare, lateShare, lateDays } = tick.settings;
  const random = seeded(seed, tick.first);
  const records: SentRecord[] = [];
  const again: SentRecord[] = [];
  for (let i = 0; i < tick.records; i++) {
    const late = random() < lateShare ? random() * lateDays * dayMs : 0;
    const payment = makePayment(tick, tick.first + i, Math.floor(tick.at - late), random);
    if (random() < brokenShare) {
      const { says, value } = spoilings[Math.floor(random() * spoilings.length)] as Spoiling;
      records.push({ key: payment.txnId, value: value(payment) });
      counts.broken(says);
      continue;
    }
    const record = { key: payment.txnId, value: payment.value };
    records.push(record);
    counts.payment(payment);
    if (random() < duplicateShare) again.push(record);
  }
  for (const record of again) records.push(record);
  return records;
}

function makePayment({ run }: Tick, number: number, time: number, random: () => number): Payment {
  const bank = someBank(random);
  const txnId = `${bank}${run}${String(number).padStart(12, "0")}`;
  const merchant = random() < 0.75 ? someMerchant(random) : undefined;
  const payee = merchant?.vpa ?? somePerson(random);
  const paise = someAmount(random, merchant?.typicalRupees ?? 700);
  const status = someStatus(random);
  // Written out: JSON.stringify takes three times as long, and nothing here needs to be escaped.
  const value =
    `{"txn_id":"${txnId}","timestamp":"${timeText(time, random() < 0.5)}","payer":"${somePerson(random)}","payee":"${payee}",` +
    `"amount":"${rupeesText(paise)}","status":"${status}","bank":"${bank}",${merchant ? `"merchant_category":"${merchant.category}",` : ""}` +
    `"device":"${someDevice(random)}","city":"${someCity(random)}"}`;
  return { txnId, time, status, paise, merchant: merchant?.vpa, value };
}

/** In UTC, or as a clock in India shows it. */
const timeText = (time: number, inIndia: boolean): string =>
  inIndia ? `${new Date(time + indiaMs).toISOString().slice(0, -1)}+05:30` : new Date(time).toISOString();

function rupeesText(paise: number): string {
  const rest = paise % 100;
  return `${(paise - rest) / 100}.${rest < 10 ? "0" : ""}${rest}`;
}
