import type { Problem } from "../plan/problems";
import type { Plan } from "../plan/types";
import { endpointsOf, processPorts } from "./addresses";
import { jobScript } from "./flink";
import { planJobs, type Refusal } from "./job-graphs";
import { appliedChanges, type MigrationInputs } from "./provider/migration";
import { takenPorts } from "./provider/process";
import { brokenLevel, type SubjectInputs } from "./provider/subject";
import { fewerPartitions, type TopicInputs } from "./provider/topic";

/** Inputs of the resources of a stack when it was last deployed, by `<type> <name>`. */
export type Deployed = ReadonlyMap<string, unknown>;

/**
 * What is wrong with a plan on this machine, after what was deployed before. The provider's `check` says the same of each resource, but the engine stops at
 * the first that fails; here all are looked at before the engine starts.
 *
 * @param root folder of the stack
 */
export async function survey(plan: Plan, root: string, portBase: number, deployed: Deployed): Promise<Problem[]> {
  const former = <Inputs>(type: string, name: string) => deployed.get(`${type} ${name}`) as Inputs | undefined;
  const { registry } = endpointsOf(portBase, []);
  const topics = plan.topics.flatMap((topic) =>
    placed(`topic ${topic.name}`, fewerPartitions(topic, former<TopicInputs>("Topic", topic.name))),
  );
  const subjects = plan.subjects.map(async (subject) => {
    const problems = await brokenLevel({ registry, ...subject }, former<SubjectInputs>("Subject", subject.name));
    return placed(`subject ${subject.name}`, problems);
  });
  const migrations = plan.databases.flatMap(({ name, migrations: files }) => {
    const applied = former<MigrationInputs>("Migration", name)?.files;
    return placed(`database ${name}`, applied ? appliedChanges(applied, files) : []);
  });
  const jobs = planJobs(plan.jobs.map(jobScript)).then((refusals) => refused(plan, refusals));
  const ports = takenPorts(root, processPorts(portBase, plan)).then((problems) => placed("processes", problems));
  return [...topics, ...migrations, ...(await Promise.all([...subjects, jobs, ports])).flat()];
}

/** What Flink itself says, where the checks of the plan found nothing. */
const refused = (plan: Plan, refusals: readonly Refusal[]): Problem[] =>
  refusals.map(({ name, reason }) => {
    const file = plan.jobs.find((job) => job.name === name)?.file;
    const fix = `Change it; npm run -s sql -- ${name} prints the whole script.`;
    return { ...(file && { file }), path: `job ${name}`, message: "Flink refuses this job.", given: reason, fix };
  });

const placed = (where: string, problems: readonly Problem[]): Problem[] =>
  problems.map((problem) => ({ ...problem, path: `${where} › ${problem.path}` }));
