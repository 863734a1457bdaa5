import { app, avro, capture, database, flinkJob, pipeline, standIn, topic } from "../../infra/model";
import { choose } from "../../infra/plan/choose";

const schema = avro("x", "FULL");
const clicks = topic("clicks", { schema, key: "id" });
const visits = topic("visits", { schema, key: "id" });
const shop = database("shop", { upstream: true });
const changes = capture(shop, "shop", { tables: ["orders"], compatibility: "FULL" });
const reports = database("reports");

const all = [
  pipeline("web", [app("site", { writes: [clicks] })]),
  pipeline("sessions", [flinkJob("count", { reads: [clicks], writes: [visits] })]),
  pipeline("billing", [app("bill", { reads: [visits], writes: [reports.table("bills")] })]),
  pipeline("party", [standIn("customers", { plays: shop })]),
  pipeline("changes", [changes]),
  pipeline("orders", [flinkJob("orders", { reads: changes.streams })]),
  pipeline("board", [app("dashboard", { reads: [reports.table("bills")] })]),
];
const chosen = (...names: string[]) => choose(all, names).chosen.map(({ name }) => name);

test.each([
  { names: [], deploys: ["web", "sessions", "billing", "party", "changes", "orders", "board"] },
  { names: ["web"], deploys: ["web"] },
  { names: ["sessions"], deploys: ["web", "sessions"] },
  { names: ["billing"], deploys: ["web", "sessions", "billing"] },
  { names: ["board"], deploys: ["web", "sessions", "billing", "board"] },
  { names: ["orders"], deploys: ["party", "changes", "orders"] },
  { names: ["party"], deploys: ["party"] },
  { names: ["orders", "web"], deploys: ["web", "party", "changes", "orders"] },
])("$names deploys $deploys: what is named, and what it needs", ({ names, deploys }) => {
  expect(chosen(...names)).toEqual(deploys);
});

test("pipelines that need each other come together", () => {
  const circle = [
    pipeline("one", [flinkJob("one", { reads: [clicks], writes: [visits] })]),
    pipeline("two", [flinkJob("two", { reads: [visits], writes: [clicks] })]),
  ];
  expect(choose(circle, ["two"]).chosen).toEqual(circle);
});

test("every wrong name is told, and nothing is left out, so that what else is wrong is told too", () => {
  const { chosen, problems } = choose(all, ["wep", "billing", "nonsense"]);
  expect(chosen).toEqual(all);
  const allowed = all.map(({ name }) => name);
  const common = { path: "millrace:pipelines", message: "There is no such pipeline.", allowed };
  expect(problems).toEqual([
    { ...common, given: "wep", fix: "Did you mean web?" },
    { ...common, given: "nonsense" },
  ]);
});
