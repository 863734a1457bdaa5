import { Client } from "pg";
import { BadRecord, isDataError, isOutside, Unavailable } from "../../../apps/lib/errors";
import { createPool } from "../../../apps/lib/postgres";
import { untilItWorks } from "../../../apps/lib/retry";
import { type Troubles, troubled } from "../../../apps/lib/troubles";
import { testLog } from "../support";

const coded = (code: string, message = "x") => Object.assign(new Error(message), { code });

test.each([
  coded("ECONNREFUSED"),
  coded("ECONNRESET"),
  coded("57P01"),
  coded("57P03"),
  coded("08006"),
  coded("28000"),
  coded("53300"),
  coded("40P01"),
  coded("42501"),
  coded("42P01"),
  new Error("Connection terminated unexpectedly"),
  new Error("timeout exceeded when trying to connect"),
  new Error("Query read timeout"),
  new Unavailable("the registry answers 503"),
  new TypeError("fetch failed", { cause: coded("ECONNREFUSED") }),
  new AggregateError([coded("ECONNREFUSED")]),
  Object.assign(new Error("no leader"), { name: "KafkaJSProtocolError" }),
])("the surroundings are at fault: %s", (error) => {
  expect([isOutside(error), isDataError(error)]).toEqual([true, false]);
});

test.each([coded("22021"), coded("22P05"), coded("22008"), coded("23505"), coded("21000"), coded("54000")])(
  "the row is at fault: %s",
  (error) => {
    expect([isOutside(error), isDataError(error)]).toEqual([false, true]);
  },
);

test.each([new TypeError("x is undefined"), coded("42601"), new BadRecord("no"), "text", undefined])(
  "neither, so nobody tries again: %s",
  (error) => {
    expect([isOutside(error), isDataError(error)]).toEqual([false, false]);
  },
);

test("it tries until it works, and says meanwhile what it waits for", async () => {
  const { log, lines } = testLog();
  const troubles: Troubles = new Map();
  const seen: (string | undefined)[] = [];
  let attempts = 0;
  const work = async () => {
    seen.push(troubled(troubles));
    if (++attempts < 4) throw coded("ECONNREFUSED", "refused");
    return "done";
  };
  expect(await untilItWorks(work, { log, what: "store rows", troubles })).toBe("done");
  expect(seen).toEqual([undefined, "store rows: refused", "store rows: refused", "store rows: refused"]);
  expect(troubled(troubles)).toBeUndefined();
  const pauses = lines.filter(({ level }) => level === "warn").map(({ pauseMs }) => Number(pauseMs));
  expect(pauses).toHaveLength(3);
  expect(pauses[2]).toBeGreaterThan(pauses[0] as number);
});

test("what makes no sense to try again is thrown at once", async () => {
  const { log } = testLog();
  let attempts = 0;
  const bug = new TypeError("a bug");
  const work = () => {
    attempts++;
    return Promise.reject(bug);
  };
  await expect(untilItWorks(work, { log, what: "x" })).rejects.toBe(bug);
  expect(attempts).toBe(1);
});

test("the signal ends the waiting, with what failed last", async () => {
  const { log } = testLog();
  const controller = new AbortController();
  const refused = coded("ECONNREFUSED");
  let attempts = 0;
  const work = () => {
    if (++attempts === 3) controller.abort();
    return Promise.reject(refused);
  };
  await expect(untilItWorks(work, { log, what: "x", signal: controller.signal })).rejects.toBe(refused);
  expect(attempts).toBe(3);
});

test("the pool logs in with the password that stands beside the URL", async () => {
  const settings = { POSTGRES_URL: "postgresql://loan-consumer@127.0.0.1:9/consumers", PGPASSWORD: "p@ss:/w?rd%" };
  const pool = createPool("app", settings, testLog().log);
  const { user, password, database, port } = new Client(pool.options);
  expect({ user, password, database, port }).toEqual({
    user: "loan-consumer",
    password: settings.PGPASSWORD,
    database: "consumers",
    port: 9,
  });
  await pool.end();
});

test("pauses double from the first to the longest, as they are asked for", async () => {
  const { log, lines } = testLog();
  let attempts = 0;
  const work = async () => {
    if (++attempts < 8) throw coded("ECONNREFUSED");
  };
  await untilItWorks(work, { log, what: "read rows", pauses: { firstMs: 4, longestMs: 20 } });
  const pauses = lines.filter(({ level }) => level === "warn").map(({ pauseMs }) => Number(pauseMs));
  const most = [4, 8, 16, 20, 20, 20, 20];
  expect(pauses).toHaveLength(most.length);
  for (const [i, pause] of pauses.entries()) {
    expect(pause).toBeLessThanOrEqual(most[i] as number);
    expect(pause).toBeGreaterThanOrEqual(Math.floor((most[i] as number) * 0.75));
  }
});
