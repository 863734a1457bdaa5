import { type Environment, environments } from "../../infra/environments";

/** List prices of us-east-1 in dollars, as AWS published them in November 2025; a month has 730 hours. */
const prices = {
  clusterHour: 0.1,
  instanceHour: { "m7i.large": 0.1008, "m7i.xlarge": 0.2016, "m7i.2xlarge": 0.4032 } as Readonly<
    Record<string, number>
  >,
  natHour: 0.045,
  addressHour: 0.005,
  diskGiBMonth: 0.08,
  keyMonth: 1,
};
const hours = 730;
const gib = (quantity: string) => Number.parseInt(quantity, 10);

function volumesOf({ kafka, postgres, observability }: Environment): number {
  return (
    kafka.brokers * gib(kafka.storage) +
    postgres.instances * gib(postgres.storage) +
    observability.replicas * gib(observability.storage)
  );
}

/** What an environment costs in a month before anything flows, as a table: `docs/environments.md` holds it between its two marks. */
export function costs(): string {
  const names = ["staging", "prod"] as const;
  const rows = names.map((name) => {
    const environment = environments[name];
    const { nodes, natGateways } = environment.aws;
    const [type = ""] = nodes.instanceTypes;
    const machines = 3 * nodes.min;
    const disks = machines * nodes.diskGiB;
    const volumes = volumesOf(environment);
    const parts: readonly [what: string, dollars: number][] = [
      ["1 cluster", prices.clusterHour * hours],
      [`${machines} × ${type}`, machines * (prices.instanceHour[type] as number) * hours],
      [`${natGateways} × NAT gateway`, natGateways * (prices.natHour + prices.addressHour) * hours],
      [`${disks} GiB of the machines`, disks * prices.diskGiBMonth],
      [`${volumes} GiB of volumes`, volumes * prices.diskGiBMonth],
      ["1 key", prices.keyMonth],
    ];
    const total = parts.reduce((sum, [, dollars]) => sum + dollars, 0);
    const cells = parts.map(([what, dollars]) => `${what}: $${Math.round(dollars)}`);
    return `| ${name} | ${cells.join(" · ")} | $${Math.round(total)} |`;
  });
  return ["| environment | what is paid for all the time | a month |", "|---|---|---|", ...rows].join("\n");
}
