import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filtersCommand } from "../../../infra/filters";
import { UserError } from "../../../infra/plan/problems";
import { entity, event } from "../../fixtures/filters-events";
import { root } from "./support";

const folder = mkdtempSync(join(tmpdir(), "millrace-filters-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]): Promise<{ status: number; text: string }> {
  let text = "";
  const status = await filtersCommand(args, (more) => {
    text += more;
  });
  return { status, text: text.replaceAll(`${folder}/`, "") };
}
const mistake = async (...args: string[]): Promise<string> => {
  const error = await filtersCommand(args, () => {}).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as Error).message.replaceAll(`${folder}/`, "");
};
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe("npm run filters", () => {
  test("check counts the filters of the project", async () => {
    expect(await run("check")).toEqual({ status: 0, text: "ok: 3 filters, 3 topics\n" });
  });

  test("check lists every problem of another file, and fails", async () => {
    const wrong = readFileSync(join(root, "flink-jobs/filters.yaml"), "utf8")
      .replace("operator: greaterThan", "operator: above")
      .replace("value: Car }", "value: 5 }");
    const { status, text } = await run("check", "--file", file("wrong.yaml", wrong));
    expect(status).toBe(1);
    expect(text).toMatch(/^2 problems:\n {2}wrong\.yaml:12 {2}large-loans › .*: There is no such operator\.\n/);
    expect(text).toContain("equals cannot compare eventBody.entities[].entityType with a number.");
  });

  test("explain shows each filter in words, and as the SQL that runs", async () => {
    const { status, text } = await run("explain");
    expect(status).toBe(0);
    expect(text).toContain(
      "large-loans: for loan-consumer, to filtered-loan-events\n  Loans over ten lakh, or for priority customers, created or paid\n  all of\n  - eventHeader.eventName is one of",
    );
    expect(text).toContain("INSERT INTO `filtered-car-events`\nSELECT `eventHeader`, `eventBody`, `sourceMetadata`,\n");
  });

  test("try tells for each event what matches and why, and for each bad line what is wrong with it", async () => {
    const lines = [
      JSON.stringify(event({ entities: [entity("Loan", { loanAmount: "2500000.00" })] })),
      "",
      "{ no json",
      JSON.stringify({ ...event({}), sourceMetadata: { table: 5, operation: "c" } }),
      JSON.stringify(event({ header: { eventName: "CarCreated" }, entities: [entity("Car")] })),
    ];
    const { status, text } = await run("try", file("events.jsonl", `${lines.join("\r\n")}\n`));
    expect(status).toBe(1);
    expect(text).toContain("events.jsonl:1  LoanCreated  u-1\n  yes large-loans → filtered-loan-events\n");
    expect(text).toContain(
      `        + eventBody.entities[].updatedAttributes['loanAmount'] is greater than 1000000: [0] "2500000.00"\n`,
    );
    expect(text).toContain('  no  cars-in-stock\n        - eventBody.entities[].entityType equals "Car": [0] "Loan"\n');
    expect(text).toContain("events.jsonl:3: This line is no JSON: ");
    expect(text).toContain(
      "events.jsonl:4: This line is no event of the schema: sourceMetadata.table is 5, not string; sourceMetadata.timestamp is missing, not long.\n",
    );
    expect(text).toContain("events.jsonl:5  CarCreated  u-1\n");
    expect(text).toMatch(
      /4 events, 2 of them unreadable; matched: large-loans 1, services-completed 0, cars-in-stock 1\n$/,
    );
  });

  test("try succeeds when every line is an event, and leaves disabled filters out", async () => {
    const filters = readFileSync(join(root, "flink-jobs/filters.yaml"), "utf8").replace(
      "  - id: large-loans\n",
      "  - id: large-loans\n    enabled: false\n",
    );
    const given = ["--file", file("other.yaml", filters)];
    const { status, text } = await run("try", file("good.jsonl", `${JSON.stringify(event({}))}\n`), ...given);
    expect(status).toBe(0);
    expect(text).toMatch(/^disabled, not tried: large-loans\n/);
    expect((await run("check", ...given)).text).toBe("ok: 3 filters (1 disabled), 2 topics\n");
  });

  test("a wrong command is the user's mistake", async () => {
    mkdirSync(join(folder, "d"));
    expect(await mistake()).toContain("Say what to do with the filters.");
    expect(await mistake("chek")).toContain(
      "npm run filters -- check | explain | try <events.jsonl> [--file <filters.yaml>]",
    );
    expect(await mistake("try")).toContain("try needs a file of events, one JSON object on each line.");
    expect(await mistake("check", "more")).toContain("These words are too many.");
    expect(await mistake("check", "--file")).toContain("--file needs a path behind it.");
    expect(await mistake("check", "--fle=x")).toContain("There is no such option.");
    expect(await mistake("try", join(folder, "none.jsonl"))).toContain(
      'The file does not exist.\n      given    "none.jsonl"',
    );
    expect(await mistake("check", "--file", join(folder, "d"))).toContain("The file is a folder.");
  });
});
