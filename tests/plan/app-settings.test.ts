import { join } from "node:path";
import { endpointsOf } from "../../infra/local/addresses";
import { pipelines } from "../../infra/pipelines";
import { planApp } from "../../infra/plan/apps";
import { partOf } from "./project";

/** On the real apps: what a pipeline or a stack's file sets is held against the schema in the app's `env.ts`. */
const root = join(__dirname, "../..");
const [pipeline] = pipelines.filter(({ parts }) => parts.some(({ name }) => name === "entities-simulator"));
if (!pipeline) throw new Error("no pipeline has the app entities-simulator");
const simulator = partOf("stand-in", "entities-simulator");

const planned = (settings: object, overrides: Record<string, string | number | boolean> = {}) =>
  planApp(
    root,
    pipeline,
    { ...simulator, args: { ...simulator.args, settings: settings as Record<string, string> } },
    endpointsOf(17000, [simulator.name]),
    { [simulator.name]: overrides },
  );

test("a misspelt setting and a wrong value are told with their place, near match and what is allowed", () => {
  const { problems } = planned({ changePerSecond: 20, seed: -1 }, { maxChanges: "many", verbose: true });
  const allowed = ["changesPerSecond", "maxChanges", "seed"];
  const message = "apps/business-events/entities-simulator/env.ts has no such setting.";
  expect(problems).toEqual([
    {
      path: "business-events › entities-simulator › settings › changePerSecond",
      message,
      given: "changePerSecond",
      allowed,
      fix: "Did you mean changesPerSecond?",
    },
    {
      path: "business-events › entities-simulator › settings › seed",
      message: "The app does not take this value.",
      given: "-1",
      allowed: "a whole number from 0 to 2147483647",
    },
    {
      path: "millrace:settings.entities-simulator › maxChanges",
      message: "The app does not take this value.",
      given: "many",
      allowed: "a whole number from 1 to 1000000000",
    },
    {
      path: "millrace:settings.entities-simulator › verbose",
      message,
      given: "verbose",
      allowed,
      fix: "Remove it, or let the app read it.",
    },
  ]);
});

test("right settings become variables, and those of the stack's file win", () => {
  const { app, problems } = planned({ changesPerSecond: 20, seed: 7 }, { changesPerSecond: 0.5 });
  expect(problems).toEqual([]);
  expect(app.env).toMatchObject({ CHANGES_PER_SECOND: "0.5", SEED: "7" });
});
