import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Position } from "../../lib/kafka";

/** One version of a company's table: what `current/<company>/<table>.json` holds beside the file. */
export interface Version {
  readonly company_id: string;
  readonly table_name: string;
  /** From 1. */
  readonly version: number;
  readonly file_id: string;
  readonly key_columns: readonly string[];
  readonly columns: readonly string[];
  readonly rows: number;
  /** Valid from then on: UTC with milliseconds, later than that of the version before. */
  readonly changed_at: string;
  /** Of the file, hex. */
  readonly sha256: string;
}

/** A version that is about to become current, and how to find out after a crash whether its changes were published. */
export interface Pending {
  readonly next: Version;
  /** The file that was uploaded. */
  readonly staged: string;
  /** The first record of the transaction. */
  readonly first: Position;
}

/**
 * The files of all companies, below one folder:
 *
 *     current/<company>/<table>.csv  .json   the latest version, and what it is
 *     archive/<company>/<table>/<time>_<file id>.csv   earlier ones
 *     pending/<company>/<table>.json   a version whose publication is under way
 *     incoming/   uploads under way
 *
 * Each file appears whole or not at all, and is on the disk before what depends on it.
 */
export class Versions {
  constructor(private readonly root: string) {}

  readonly current = (company: string, table: string) => join(this.root, "current", company, `${table}.csv`);
  private readonly meta = (company: string, table: string) => join(this.root, "current", company, `${table}.json`);
  private readonly pendingFile = (company: string, table: string) =>
    join(this.root, "pending", company, `${table}.json`);

  /** Removes what a former process left half done: nobody depends on it. */
  async begin(): Promise<void> {
    const kept = new Set((await this.allPending()).map(({ staged }) => dirname(staged)));
    const incoming = join(this.root, "incoming");
    await mkdir(incoming, { recursive: true });
    for (const name of await readdir(incoming)) {
      const folder = join(incoming, name);
      if (!kept.has(folder)) await rm(folder, { recursive: true, force: true });
    }
  }

  /** A folder for one upload; `removeIncoming` when it is done with. */
  async incoming(id: string): Promise<string> {
    const folder = join(this.root, "incoming", id);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  removeIncoming = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

  /** What is current; undefined when there is nothing yet. */
  readCurrent = (company: string, table: string) => readJson<Version>(this.meta(company, table));

  readPending = (company: string, table: string) => readJson<Pending>(this.pendingFile(company, table));

  async allPending(): Promise<Pending[]> {
    return this.all<Pending>("pending");
  }

  async allCurrent(): Promise<Version[]> {
    return this.all<Version>("current");
  }

  /** From then on a crash leaves something to decide; before, it left nothing. */
  async prepare(pending: Pending): Promise<void> {
    await syncFile(pending.staged);
    await writeWhole(this.pendingFile(pending.next.company_id, pending.next.table_name), pending);
  }

  /** Makes a prepared version current. Can be done again after it was interrupted anywhere. */
  async makeCurrent(pending: Pending): Promise<void> {
    const { next, staged } = pending;
    const { company_id: company, table_name: table } = next;
    const current = this.current(company, table);
    // When it is gone, it is current already: the steps before it were done, too.
    if (await exists(staged)) {
      const former = await this.readCurrent(company, table);
      if (former) await this.archive(former);
      await mkdir(dirname(current), { recursive: true });
      await rename(staged, current);
      await syncFolder(dirname(current));
    }
    await writeWhole(this.meta(company, table), next);
    await this.drop(pending);
  }

  /** Forgets a prepared version, published or not, and its upload. */
  async drop({ next: { company_id, table_name }, staged }: Pending): Promise<void> {
    await rm(this.pendingFile(company_id, table_name), { force: true });
    await syncFolder(join(this.root, "pending", company_id));
    await this.removeIncoming(dirname(staged));
  }

  private async archive(former: Version): Promise<void> {
    const { company_id: company, table_name: table } = former;
    const folder = join(this.root, "archive", company, table);
    await mkdir(folder, { recursive: true });
    const time = former.changed_at.replace(/[-:.]/g, "");
    await link(this.current(company, table), join(folder, `${time}_${former.file_id}.csv`)).catch(unlessThere);
    await syncFolder(folder);
  }

  private async all<T>(kind: "current" | "pending"): Promise<T[]> {
    const folder = join(this.root, kind);
    const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
    const found = await Promise.all(
      names
        .filter((name) => name.endsWith(".json"))
        .sort()
        .map((name) => readJson<T>(join(folder, name))),
    );
    return found.filter((one) => one !== undefined);
  }
}

/** Of a file, hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

async function readJson<T>(file: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(`${file} is broken. Nothing is done with this table before it is restored from a backup`);
  }
}

async function writeWhole(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.tmp`;
  const handle = await open(draft, "w");
  try {
    await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  await syncFolder(dirname(file));
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name is on the disk when its folder is. */
const syncFolder = (folder: string): Promise<void> =>
  syncFile(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
