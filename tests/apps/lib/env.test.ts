import { env as consumerEnv } from "../../../apps/business-events/consumer/env";
import { env as simulatorEnv } from "../../../apps/business-events/entities-simulator/env";
import { readEnv } from "../../../apps/lib/env";
import { UserError } from "../../../infra/plan/problems";

const right = {
  APP_NAME: "loan-consumer",
  PORT: "17101",
  KAFKA_BOOTSTRAP: "127.0.0.1:17092",
  KAFKA_USERNAME: "loan-consumer",
  KAFKA_PASSWORD: "kafka-S3cret",
  REGISTRY_URL: "http://127.0.0.1:17081/",
  POSTGRES_URL: "postgresql://loan-consumer@127.0.0.1:17032/consumers",
  PGPASSWORD: "pg-S3cret",
  READS_TOPIC: "filtered-loan-events",
  WRITES_TABLE: "loan_events",
  REJECTS_TOPIC: "filtered-loan-events.dlq",
};

function refusal(env: NodeJS.ProcessEnv): UserError {
  try {
    readEnv(consumerEnv, env);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}
const refused = (env: NodeJS.ProcessEnv) => refusal(env).problems.map(({ path }) => path);

test("settings come out typed, with defaults", () => {
  expect(readEnv(consumerEnv, right)).toMatchObject({
    PORT: 17101,
    HOST: "127.0.0.1",
    SESSION_TIMEOUT_MS: 3000,
    REGISTRY_URL: "http://127.0.0.1:17081",
  });
});

test("every wrong variable is named at once, each with the value given and what is allowed", () => {
  const error = refusal({ ...right, PORT: "http", KAFKA_BOOTSTRAP: "kafka", READS_TOPIC: "a,b", REJECTS_TOPIC: "" });
  expect(error.problems).toEqual([
    { path: "PORT", message: "It is wrong.", given: "http", allowed: "a whole number from 1 to 65535" },
    { path: "KAFKA_BOOTSTRAP", message: "It is wrong.", given: "kafka", allowed: expect.stringContaining("host:port") },
    { path: "READS_TOPIC", message: "It is wrong.", given: "a,b", allowed: expect.stringContaining("one topic") },
    { path: "REJECTS_TOPIC", message: "It is not set.", allowed: expect.stringContaining("one topic") },
  ]);
});

test.each(["0", "65536", "1e3", "0x10", " 80", "80.5", "-1"])("PORT=%j is refused", (PORT) => {
  expect(refused({ ...right, PORT })).toEqual(["PORT"]);
});

test.each([
  "http://u@h:1/d",
  "postgresql://h:1/d",
  "postgresql://u@h:1",
  "postgresql://u@h:1/",
  "no URL",
  "postgresql://u:pw@h:1/d",
  "postgresql://u@h:1/d?password=pw",
])("POSTGRES_URL=%j is refused", (POSTGRES_URL) => {
  expect(refused({ ...right, POSTGRES_URL })).toEqual(["POSTGRES_URL"]);
});

test("several brokers are accepted, a list with a gap is not", () => {
  expect(readEnv(consumerEnv, { ...right, KAFKA_BOOTSTRAP: "a:9092,b:9092" }).KAFKA_BOOTSTRAP).toBe("a:9092,b:9092");
  expect(refused({ ...right, KAFKA_BOOTSTRAP: "a:9092,,b:9092" })).toEqual(["KAFKA_BOOTSTRAP"]);
});

test("a user name without its password is refused", () => {
  expect(refused({ ...right, KAFKA_PASSWORD: undefined })).toEqual(["KAFKA_PASSWORD"]);
});

test("no secret is shown, wherever it was put", () => {
  const { message } = refusal({
    ...right,
    PORT: "pg-S3cret",
    KAFKA_BOOTSTRAP: "user:other-S3cret@broker",
    REGISTRY_URL: "registry?x=kafka-S3cret",
    POSTGRES_URL: "postgresql://u:url-S3cret@h:1/d?password=query-S3cret",
  });
  for (const name of ["PORT", "KAFKA_BOOTSTRAP", "REGISTRY_URL", "POSTGRES_URL"]) expect(message).toContain(name);
  expect(message).not.toContain("S3cret");
});

test("the simulator's settings: rate, seed and an end", () => {
  const env = { APP_NAME: "s", PORT: "1", POSTGRES_URL: "postgresql://s@h:1/entities" };
  expect(readEnv(simulatorEnv, env)).toMatchObject({ CHANGES_PER_SECOND: 20, SEED: 1, MAX_CHANGES: undefined });
  expect(readEnv(simulatorEnv, { ...env, CHANGES_PER_SECOND: "0.5", SEED: "7", MAX_CHANGES: "100" })).toMatchObject({
    CHANGES_PER_SECOND: 0.5,
    SEED: 7,
    MAX_CHANGES: 100,
  });
  for (const CHANGES_PER_SECOND of ["0", "10001", "NaN", "Infinity", "fast"]) {
    expect(() => readEnv(simulatorEnv, { ...env, CHANGES_PER_SECOND })).toThrow(/from 0\.1 to 10000/);
  }
});
