import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { supervisorOf } from "../../infra/local/supervisor/client";
import { projectRoot } from "../../infra/paths";
import { changesAdded, compareSourceAndSinks, goOn, quiet } from "./support/compare";
import { eventually, millrace, query, root } from "./support/stack";
import { beginAudit } from "./support/truth";

/**
 * The schema of the source changes: declared first, and behind the platform's back. The project's own files are changed for it, and put back, so that what is
 * deployed is then ahead of them: the last of the files that deploy.
 */
const migration = (name: string) => join(projectRoot, "migrations", "entities", name);
const added = migration("0002_branch.sql");
const retyped = migration("0003_term_as_text.sql");
const pipeline = join(projectRoot, "infra", "pipelines", "business-events.ts");
const pipelineText = readFileSync(pipeline, "utf8");

afterAll(async () => {
  writeFileSync(pipeline, pipelineText);
  rmSync(added, { force: true });
  rmSync(retyped, { force: true });
});

const pids = async (names: readonly string[]) =>
  ((await supervisorOf(root).status()) ?? []).filter(({ name }) => names.includes(name)).map(({ pid }) => pid);

/** What went wrong is the message, not that something did. */
async function deploys(): Promise<void> {
  const { status, stderr } = await millrace("up");
  expect(status === 0 ? "" : stderr).toBe("");
}

const newLoan = (id: string, columns: string, values: string) =>
  query(
    "entities",
    `INSERT INTO loan_entities (loan_id, customer_id, loan_amount, interest_rate, term_months${columns}) VALUES ($1, 'test', 5000000, 9, 12${values})`,
    [id],
  );

const attributesOf = (id: string) =>
  eventually(`${id} in loan_events`, async () => {
    const [row] = await query<{ entities: { updatedAttributes: Record<string, string> }[] }>(
      "consumers",
      "SELECT entities FROM loan_events WHERE entity_id = $1",
      [id],
    );
    return row?.entities[0]?.updatedAttributes;
  });

describe("a column is added upstream", () => {
  test("by hand: the stream goes on without it", async () => {
    await query("entities", "ALTER TABLE loan_entities ADD COLUMN branch text");
    await newLoan("loan-hand", ", branch", ", 'Pune'");
    expect(await attributesOf("loan-hand")).toMatchObject({ loanAmount: "5000000.00" });
  });

  test("and declared: it flows through, and no consumer is restarted", async () => {
    writeFileSync(added, "ALTER TABLE loan_entities ADD COLUMN IF NOT EXISTS branch text;\n");
    const consumers = ["loan-consumer", "service-consumer", "car-consumer"];
    const before = await pids(consumers);
    const deployed = await millrace("up");
    expect(deployed.stderr).toMatch(/update +SqlJob +to-events/);
    expect(deployed.status).toBe(0);
    await newLoan("loan-declared", ", branch", ", 'Nashik'");
    expect(await attributesOf("loan-declared")).toMatchObject({ branch: "Nashik" });
    expect(await pids(consumers)).toEqual(before);
  });
});

describe("a column changes its type", () => {
  const text = "ALTER TABLE loan_entities ALTER COLUMN term_months TYPE text;\n";

  test("declared: the preview stops it, and names the field and the rule", async () => {
    writeFileSync(retyped, text);
    const { status, stderr } = await millrace("preview");
    rmSync(retyped);
    expect(status).toBe(1);
    expect(stderr).toMatch(/entities\.public\.loan_entities-value is declared BACKWARD/);
    expect(stderr).toMatch(/term_months/);
  });

  test("forced at the source: the capture stops and says so, nothing is lost, and the documented steps mend it", async () => {
    const since = await beginAudit();
    await changesAdded(50);
    await quiet();
    await query("entities", text);
    await goOn();
    await changesAdded(50);

    const failed = await eventually("status shows the failed connector", async () => {
      const { status, stdout } = await millrace("status");
      return status === 1 && /^entities +FAILED/m.test(stdout) && stdout;
    });
    expect(failed).toMatch(/RuleViolationException|incompatible/i);

    // docs/operations.md, "A connector is FAILED".
    await eventually("to-events has read what is there", async () => {
      const { stdout } = await millrace("status");
      return /^to-events .* 0 records/m.test(stdout);
    });
    writeFileSync(retyped, text);
    writeFileSync(pipeline, pipelineText.replace('compatibility: "BACKWARD"', 'compatibility: "NONE"'));
    await deploys();
    writeFileSync(pipeline, pipelineText);
    await deploys();

    await changesAdded(50);
    expect(await compareSourceAndSinks(since, 120_000)).toBeGreaterThan(20);
    await goOn();
    expect((await millrace("status")).stdout).toMatch(/^entities +RUNNING/m);
  });
});
