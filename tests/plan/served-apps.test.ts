import { endpointsOf } from "../../infra/local/addresses";
import { app, database, folder, jsonSchema, outside, pipeline, standIn, topic } from "../../infra/model";
import { planAccess } from "../../infra/plan/access";
import { planApp } from "../../infra/plan/apps";
import { temporaryFolder } from "./project";

/** Apps that serve an outside party, own folders, and write in transactions. */
const runs = "company-data/company-ingest";
const callers = outside("callers");
const events = topic("events", { schema: jsonSchema("company-data/change", "FULL"), key: "row_key" });
const server = app("server", {
  runs,
  serves: { to: callers, paths: ["/upload"] },
  folders: { dataDir: folder("files") },
  writes: [events, database("company_data").table("cdc_events")],
  transactional: true,
});
const caller = standIn("caller", { plays: callers, runs });
const one = pipeline("one", [server, caller]);
const plan = (part: typeof server | typeof caller, settings = {}) =>
  planApp(temporaryRoot, one, part, endpointsOf(17000, ["caller", "server"]), settings);
const temporaryRoot = temporaryFolder();

test("a stand-in of an outside party is told the URL of the app that serves it, and has no rights", () => {
  expect(plan(caller).app.env.CALLS_URL).toBe(`http://127.0.0.1:${plan(server).app.port}`);
  expect(plan(server).app.env.CALLS_URL).toBeUndefined();
  expect(planAccess([one]).find(({ name }) => name === "caller")).toMatchObject({ kafka: [], postgres: [] });
});

test("a folder has a variable, which no setting can take", () => {
  const { app, problems } = plan(server, { server: { dataDir: "/elsewhere" } });
  expect(app.folders).toEqual([{ variable: "DATA_DIR", name: "files" }]);
  expect(app.publicPaths).toEqual(["/upload"]);
  expect(problems).toContainEqual(
    expect.objectContaining({
      path: "millrace:settings.server › dataDir",
      message: "Millrace sets DATA_DIR from the graph.",
    }),
  );
});

test("who writes in transactions may use ids that begin with its name, and read what it wrote", () => {
  const grants = planAccess([one]).find(({ name }) => name === "server")?.kafka;
  expect(grants).toEqual([
    { resource: "topic", name: "events", operations: ["Write", "Describe", "Read"] },
    { resource: "transactional-id", name: "server/", prefix: true, operations: ["Write", "Describe"] },
    { resource: "group", name: "server/", prefix: true, operations: ["Read", "Describe"] },
    { resource: "cluster", name: "kafka-cluster", operations: ["IdempotentWrite"] },
  ]);
});
