import { EventEmitter } from "node:events";
import { createShutdown } from "../../../apps/lib/shutdown";
import { eventually } from "../../support/eventually";
import { testLog } from "../support";

class Host extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function setup() {
  const host = new Host();
  const { log, lines } = testLog();
  return { host, lines, shutdown: createShutdown(log, host) };
}
const ended = (host: Host) => eventually("exit", () => host.exits.length > 0);

test("what was opened is closed in reverse order, one after the other, each awaited", async () => {
  const { host, shutdown } = setup();
  const order: string[] = [];
  shutdown.onClose("first", () => order.push("first"));
  shutdown.onClose("second", async () => {
    order.push("second begins");
    await new Promise((resolve) => setImmediate(resolve));
    order.push("second ends");
  });
  expect(shutdown.signal.aborted).toBe(false);
  host.emit("SIGTERM");
  expect(shutdown.signal.aborted).toBe(true);
  await ended(host);
  expect(order).toEqual(["second begins", "second ends", "first"]);
  expect(host.exits).toEqual([0]);
});

test("what cannot be closed is logged, and does not keep the rest open; the status tells", async () => {
  const { host, lines, shutdown } = setup();
  let closed = false;
  shutdown.onClose("first", () => {
    closed = true;
  });
  shutdown.onClose("second", () => Promise.reject(new Error("stuck")));
  host.emit("SIGINT");
  await ended(host);
  expect([closed, host.exits]).toEqual([true, [1]]);
  expect(lines).toContainEqual(expect.objectContaining({ what: "second", error: "stuck" }));
});

test("a second signal ends it at once", async () => {
  const { host, shutdown } = setup();
  let closed = (): void => undefined;
  shutdown.onClose("slow", () => new Promise<void>((resolve) => (closed = resolve)));
  host.emit("SIGTERM");
  expect(host.exits).toEqual([]);
  host.emit("SIGTERM");
  expect(host.exits).toEqual([1]);
  closed();
  await eventually("the first way out", () => host.exits.length === 2);
});

test("the deadline ends it", () => {
  jest.useFakeTimers();
  try {
    const { host, shutdown } = setup();
    shutdown.onClose("never", () => new Promise(() => undefined));
    host.emit("SIGTERM");
    jest.advanceTimersByTime(7999);
    expect(host.exits).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(host.exits).toEqual([1]);
  } finally {
    jest.useRealTimers();
  }
});

test("a failure is logged with its stack, closes everything, and ends with status 1", async () => {
  const { host, lines, shutdown } = setup();
  let closed = 0;
  shutdown.onClose("thing", () => closed++);
  shutdown.fail(new TypeError("a bug"));
  shutdown.fail(new Error("its consequence"));
  await ended(host);
  expect([closed, host.exits]).toEqual([1, [1]]);
  expect(lines[0]).toMatchObject({ level: "fatal", error: expect.stringMatching(/TypeError: a bug\n +at /) });
});
