import definition from "./connectors/debezium-postgres.json";
import { nearest, type Problem } from "./problems";

interface Option {
  readonly type: string;
  readonly allowed?: readonly string[];
}

/** The connector's own definition, as Kafka Connect gave it; a test holds it against the running connector. */
const options: Readonly<Record<string, Option>> = definition.options;

/** Options that belong to something the connector hands them on to, and that its definition does not list. */
const passedOn = [
  /^header\.converter\./,
  /^(producer|consumer|admin)\.override\./,
  /^transforms\./,
  /^predicates\./,
  /^topic\.creation\./,
  /^signal\./,
  /^driver\./,
  /^custom\.metric\.tags/,
  /^openlineage\./,
  /^(read\.only|topic\.(heartbeat\.prefix|transaction|delimiter|cache\.size))$/,
  /^column\.(mask|truncate|propagate)\./,
  /^snapshot\.select\.statement\.overrides\./,
];

/**
 * Options that a target sets: where things are, and who the connector is. A test holds them against what the local one sets. Values of others in these
 * families pass.
 */
const ofTheTarget = [
  /^name$/,
  /^database\.(hostname|port|dbname|user|password)$/,
  /^(key|value)\.converter(\.|$)/,
  /^signal\.kafka\.bootstrap\.servers$/,
  /^(signal\.consumer|producer\.override)\.(security\.|sasl\.)/,
  /^producer\.override\.(compression\.type|linger\.ms)$/,
];

/**
 * Checks options that a person set on a capture, against the connector's definition.
 *
 * @param own options that Millrace sets itself; some of them hold the pieces together and cannot be set otherwise
 */
export function checkConnectorOptions(
  connector: string,
  given: Readonly<Record<string, string>>,
  own: readonly string[],
  path: string,
): Problem[] {
  const problems: Problem[] = [];
  const changeable = new Set([
    "snapshot.mode",
    "heartbeat.interval.ms",
    "poll.interval.ms",
    "errors.max.retries",
    "retriable.restart.connector.wait.ms",
  ]);
  for (const [name, value] of Object.entries(given)) {
    const place = `${path} › ${name}`;
    const option = options[name];
    if ((own.includes(name) && !changeable.has(name)) || ofTheTarget.some((pattern) => pattern.test(name))) {
      const isSecret = option?.type === "PASSWORD" || /password|secret|jaas/.test(name);
      problems.push({
        path: place,
        message: "Millrace sets this option from the graph.",
        given: isSecret ? "(a secret)" : value,
        fix: "Remove it.",
      });
      continue;
    }
    if (!option) {
      if (passedOn.some((pattern) => pattern.test(name))) continue;
      const meant = nearest(name, Object.keys(options));
      problems.push({
        path: place,
        message: `${connector.split(".").pop()} ${definition.version} has no such option.`,
        given: name,
        allowed: "the options in infra/plan/connectors/debezium-postgres.json",
        fix: meant ? `Did you mean ${meant}?` : "Remove it.",
      });
      continue;
    }
    const allowed = valuesOf(option);
    if (!allowed.fits(value))
      problems.push({
        path: place,
        message: "The connector does not take this value.",
        given: value,
        allowed: allowed.words,
      });
  }
  return problems;
}

function valuesOf(option: Option): { fits: (value: string) => boolean; words: readonly string[] | string } {
  if (option.allowed)
    return { fits: (value) => option.allowed?.includes(value.toLowerCase()) ?? false, words: option.allowed };
  switch (option.type) {
    case "INT":
    case "LONG":
    case "SHORT":
      return { fits: (value) => /^-?\d+$/.test(value), words: "a whole number" };
    case "DOUBLE":
      return { fits: (value) => value.trim() !== "" && Number.isFinite(Number(value)), words: "a number" };
    case "BOOLEAN":
      return { fits: (value) => /^(true|false)$/i.test(value), words: ["true", "false"] };
    default:
      return { fits: () => true, words: "text" };
  }
}
