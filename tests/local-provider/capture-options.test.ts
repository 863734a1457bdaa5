import { portsOf } from "../../infra/local/addresses";
import { captureConfig, connectPrincipal } from "../../infra/local/connect";
import { admin } from "../../infra/local/kafka";
import { superuser } from "../../infra/local/postgres";
import { registryDatabase } from "../../infra/local/registry";
import { reservedNames as supervisors } from "../../infra/local/supervisor/paths";
import type { Capture, Pipeline } from "../../infra/model";
import { pipelines } from "../../infra/pipelines";
import { planCapture } from "../../infra/plan/captures";
import { checkConnectorOptions } from "../../infra/plan/connector-options";
import { reservedDatabases, reservedNames } from "../../infra/plan/names";
import type { DatabasePlan } from "../../infra/plan/types";

/** What the plan says that Millrace sets or has itself, held against what the local target does. */

test("every option that the target adds to a capture is refused when a person sets it", () => {
  const [pipeline, capture] = captureOf();
  const database: DatabasePlan = { name: capture.database.name, upstream: true, migrations: [], tables: [] };
  const planned = planCapture(pipeline, capture, database).capture;
  const config = captureConfig(planned, portsOf(17000), "entities-capture");
  const added = Object.keys(config).filter((name) => !(name in planned.config));
  expect(added).toEqual(
    expect.arrayContaining(["database.password", "key.converter", "signal.kafka.bootstrap.servers"]),
  );
  const options = Object.fromEntries(added.map((name) => [name, config[name] ?? ""]));
  const problems = checkConnectorOptions(planned.connectorClass, options, Object.keys(planned.config), "options");
  expect(problems.map(({ path, message }) => [path, message])).toEqual(
    added.map((name) => [`options › ${name}`, "Millrace sets this option from the graph."]),
  );
});

test("no value of the target's own passwords stands in a connector's configuration: only where to find it", () => {
  const [pipeline, capture] = captureOf();
  const database: DatabasePlan = { name: capture.database.name, upstream: true, migrations: [], tables: [] };
  const config = captureConfig(planCapture(pipeline, capture, database).capture, portsOf(17000), "entities-capture");
  const secrets = Object.entries(config).filter(([name]) => /password|jaas/.test(name));
  expect(secrets.length).toBeGreaterThan(2);
  for (const [, value] of secrets) expect(value).toMatch(/^\$\{env:CONNECT_(PASSWORD|JAAS)_ENTITIES\}$/);
});

test("names of the platform's own users, databases and folders are taken", () => {
  expect(reservedNames).toEqual(expect.arrayContaining([superuser, admin, registryDatabase, connectPrincipal]));
  // A name with a dot is none for a part anyway.
  expect(reservedNames).toEqual(expect.arrayContaining(supervisors.filter((name) => !name.includes("."))));
  expect(reservedDatabases).toEqual(expect.arrayContaining([superuser, registryDatabase]));
});

function captureOf(): [Pipeline, Capture] {
  for (const pipeline of pipelines) {
    for (const part of pipeline.parts) if (part.kind === "capture") return [pipeline, part];
  }
  throw new Error("no pipeline has a capture");
}
