import { collectDefaultMetrics, Registry } from "prom-client";

/** Metrics of one app, each with its name as label `app`, those of the Node process among them. */
export function createMetrics(app: string): Registry {
  const metrics = new Registry();
  metrics.setDefaultLabels({ app });
  collectDefaultMetrics({ register: metrics });
  return metrics;
}
