import type { Plan } from "../../infra/plan/types";
import { wavesOf } from "../../infra/plan/waves";
import { copyProject, planOf, temporaryFolder } from "./project";

const project = copyProject(temporaryFolder());
let plan: Plan;
beforeAll(async () => {
  plan = await planOf(project);
});

test("captured changes of business-events go through the jobs to the consumers, step by step", () => {
  const steps = wavesOf(plan).map(({ readers }) =>
    readers.map(({ group, topics }) => `${group}: ${topics.join(", ")}`),
  );
  expect(steps).toEqual([
    ["flink-to-events: entities.public.car_entities, entities.public.loan_entities, entities.public.service_record"],
    ["flink-route-events: raw-business-events"],
    [
      "loan-consumer: filtered-loan-events",
      "service-consumer: filtered-service-events",
      "car-consumer: filtered-car-events",
    ],
  ]);
});

test("a step comes once, also when a job writes what an earlier one reads", () => {
  const [first, ...others] = plan.jobs;
  if (!first) throw new Error("no jobs");
  const circle = {
    ...plan,
    jobs: [first, ...others.map((job) => ({ ...job, writes: [...job.writes, ...job.reads] }))],
  };
  expect(wavesOf(circle)).toHaveLength(3);
});

test("without a capture there is no step", () => {
  expect(wavesOf({ ...plan, captures: [] })).toEqual([]);
});
