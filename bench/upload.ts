import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../infra/local/bundle";

const [rowCount, columnCount] = [1_000_000, 20];

/**
 * How fast two versions of a table are compared, and with how much memory, beside DuckDB's own full outer join of the same files. Each runs in a process of
 * its own; of the rows, 1 % differ.
 */
export async function upload(note: (what: string, figure: string, aim?: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-upload-"));
  try {
    await write(join(folder, "former.csv"), 0);
    await write(join(folder, "now.csv"), 1);
    for (const [name, program] of [
      ["ours", "upload-ours.ts"],
      ["DuckDB's full outer join", "upload-duckdb.ts"],
    ] as const) {
      const file = await bundle(join(__dirname, program));
      // Loaded from the project's packages: its native part cannot be bundled.
      const out = execFileSync(process.execPath, [file, folder], { encoding: "utf8", cwd: join(__dirname, "..") });
      const { seconds, cpuSeconds, megabytes, changes } = JSON.parse(out);
      const rate = Math.round(rowCount / seconds)
        .toLocaleString("en")
        .replaceAll(",", " ");
      note(
        `upload: 1 M rows × ${columnCount} columns compared, ${name}`,
        `${rate} rows/s, ${cpuSeconds.toFixed(1)} s of processor, ${megabytes} MB at most, ${changes} changes`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function write(path: string, version: number): Promise<void> {
  const out = createWriteStream(path);
  out.write(`${["id", ...Array.from({ length: columnCount - 1 }, (_, i) => `column_${i}`)].join(",")}\n`);
  for (let row = 0; row < rowCount; row++) {
    const cells = [String(row)];
    for (let i = 1; i < columnCount; i++) cells.push(`v${(row * 31 + i * 7) % 9973}`);
    if (version === 1 && row % 100 === 0) cells[1] = "changed";
    if (!out.write(`${cells.join(",")}\n`)) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
}
