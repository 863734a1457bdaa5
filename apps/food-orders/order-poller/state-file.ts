import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../infra/plan/problems";
import { nothingYet, type Position, type Progress } from "./progress";

/** What the progress is of: a file of another table or topic is not taken. */
export interface Subject {
  readonly table: string;
  readonly topic: string;
}

const place = z.string().regex(/^[^|]+\|/s);
const contents = z.strictObject({
  version: z.literal(1),
  table: z.string(),
  topic: z.string(),
  /** `<time>|<key>`, as `from`, which may stand before all rows of its time: `<time>|`. */
  cursor: place.nullable(),
  from: place.nullable(),
  recent: z.array(z.tuple([z.string(), z.string()])),
});
type Contents = z.infer<typeof contents>;

export const stateFile = (folder: string) => join(folder, "order-poller.json");

/** @throws UserError for a file that cannot be used: it is never taken for none */
export function readProgress(file: string, subject: Subject): Progress {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return nothingYet();
    throw refusal(file, `It cannot be read: ${(error as Error).message}.`);
  }
  const read = parse(text);
  if (typeof read === "string") throw refusal(file, read);
  for (const key of ["table", "topic"] as const) {
    if (read[key] !== subject[key]) throw refusal(file, `It is of the ${key} ${read[key]}, not of ${subject[key]}.`);
  }
  const cursor = position(read.cursor);
  return {
    from: position(read.from),
    recent: new Map(read.recent),
    cursor: cursor && { time: cursor.time, key: cursor.key ?? "" },
  };
}

function parse(text: string): Contents | string {
  try {
    const { sha256, ...rest } = JSON.parse(text);
    if (sha256 !== hash(rest)) return "Its contents are not what was written: the check sum differs.";
    const parsed = contents.safeParse(rest);
    return parsed.success ? parsed.data : "It was written by another version of the poller.";
  } catch {
    return "It is no JSON: cut off, or not written by the poller.";
  }
}

/** All of it or nothing, whatever happens: written beside, flushed to disk, and renamed. */
export async function saveProgress(file: string, subject: Subject, progress: Progress): Promise<void> {
  const { table, topic } = subject;
  const rest: Contents = {
    version: 1,
    table,
    topic,
    cursor: placeText(progress.cursor),
    from: placeText(progress.from),
    recent: [...progress.recent],
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  await flushed(draft, "w", (handle) => handle.writeFile(JSON.stringify({ ...rest, sha256: hash(rest) })));
  await rename(draft, file);
  await flushed(dirname(file), "r", async () => undefined);
}

async function flushed(
  path: string,
  flags: string,
  work: (handle: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await work(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const hash = (rest: unknown) => createHash("sha256").update(JSON.stringify(rest)).digest("hex");

const placeText = (at: Position | undefined) => (at ? `${at.time}|${at.key ?? ""}` : null);

function position(text: string | null): Position | undefined {
  if (text === null) return undefined;
  const bar = text.indexOf("|");
  const [time, key] = [text.slice(0, bar), text.slice(bar + 1)];
  return key === "" ? { time } : { time, key };
}

const refusal = (file: string, message: string) =>
  new UserError(
    [
      {
        file,
        message,
        fix: "Put a copy of it back. Without one, remove it: the table is then read from its first row, and what is published twice is kept once in the lake.",
      },
    ],
    "The poller's cursor cannot be used, and it does not start over by itself",
  );
