import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createEncoder } from "../../../apps/lib/encode";
import { BadRecord, isOutside, Unavailable } from "../../../apps/lib/errors";
import { createDecoder, registryAnswers } from "../../../apps/lib/registry";
import { freePort } from "../../support/postgres";

/** Answers as a registry with Confluent's API does, for what the tests put into it. */
const schemas = new Map<number, string>();
let subjects: string[] = [];
let broken: number | undefined;
const asked: string[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/apis/ccompat/v7", "");
    asked.push(path);
    const [, id] = /^\/schemas\/ids\/(\d+)$/.exec(path) ?? [];
    const [, subject, latest] = /^\/subjects\/([^/]+)\/versions(\/latest)?$/.exec(path) ?? [];
    const send = (status: number, body: object) =>
      response
        .writeHead(status, { "content-type": "application/vnd.schemaregistry.v1+json" })
        .end(JSON.stringify(body));
    const newest = [...schemas.keys()].at(-1) ?? 0;
    if (broken) send(broken, { message: "down" });
    else if (id && schemas.has(Number(id))) send(200, { schema: schemas.get(Number(id)) });
    else if (id) send(404, { error_code: 40403, message: "Schema not found" });
    else if (subject && !subjects.includes(subject)) send(404, { error_code: 40401, message: "Subject not found" });
    else if (latest) send(200, { id: newest, version: 1, schema: schemas.get(newest) });
    else if (subject) send(200, [1]);
    else send(200, subjects);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  schemas.clear();
  subjects = ["things-value"];
  broken = undefined;
  asked.length = 0;
});

const thing = { type: "record", name: "Thing", fields: [{ name: "id", type: "long" }] };
const wider = { ...thing, fields: [...thing.fields, { name: "note", type: ["null", "string"], default: null }] };

test("what the encoder writes the decoder reads, with longs of 64 bits", async () => {
  schemas.set(7, JSON.stringify(thing));
  const encode = await createEncoder(url, "things");
  const bytes = encode({ id: 2n ** 60n + 1n });
  expect([bytes[0], bytes.readInt32BE(1)]).toEqual([0, 7]);
  const decode = createDecoder(url, "things");
  expect(await decode(bytes)).toEqual({ id: 2n ** 60n + 1n });
  expect(await decode(encode({ id: 5 }))).toEqual({ id: 5 });
  expect(() => encode({ id: 1.5 })).toThrow("id does not fit its schema: 1.5");
});

test("a schema is asked for once; a new one of the writer is found without a restart", async () => {
  schemas.set(1, JSON.stringify(thing));
  const decode = createDecoder(url, "things");
  const old = (await createEncoder(url, "things"))({ id: 1 });
  schemas.set(2, JSON.stringify(wider));
  const next = (await createEncoder(url, "things"))({ id: 2, note: "new" });
  asked.length = 0;
  await Promise.all([decode(old), decode(old), decode(old)]);
  expect(await decode(next)).toEqual({ id: 2, note: "new" });
  expect(await decode(old)).toEqual({ id: 1 });
  expect(asked).toEqual(["/schemas/ids/1", "/schemas/ids/2"]);
});

test.each([
  ["no value", null, "it has no value"],
  ["too short", Buffer.of(0, 0, 0), "not Avro in the Confluent wire format"],
  ["another magic byte", Buffer.from('{"a": 1}'), "not Avro in the Confluent wire format"],
  ["an id that nobody gave away", Buffer.of(0, 0, 0, 0, 99, 1), "the registry has no schema 99"],
  ["a negative id", Buffer.of(0, 255, 255, 255, 255, 1), ""],
  ["a schema that is not Avro", Buffer.of(0, 0, 0, 0, 3, 1), "its schema 3 is not Avro"],
  ["cut off", Buffer.of(0, 0, 0, 0, 1), "it does not fit its schema 1: it ends too early"],
])("a record with %s is bad", async (_, bytes, reason) => {
  schemas.set(1, JSON.stringify(thing));
  schemas.set(3, '{"type": "object"}');
  const failed = await createDecoder(url, "things")(bytes).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(BadRecord);
  expect((failed as Error).message).toContain(reason);
});

test("a registry that is broken, lost its contents, or is away is no fault of the record", async () => {
  const record = Buffer.of(0, 0, 0, 0, 1, 2);
  const decode = createDecoder(url, "things");
  broken = 503;
  await expect(decode(record)).rejects.toThrow(Unavailable);
  await expect(registryAnswers(url)).rejects.toThrow("503");
  // A server that does not know the path answers 404, too, but not as a registry does.
  broken = 404;
  await expect(decode(record)).rejects.toThrow(Unavailable);
  broken = undefined;
  subjects = [];
  await expect(decode(record)).rejects.toThrow("the registry has no subject things-value");
  const away = await createDecoder(
    `http://127.0.0.1:${await freePort()}`,
    "things",
  )(record).catch((error: unknown) => error);
  expect(isOutside(away)).toBe(true);
  expect((away as Error).message).toContain("ECONNREFUSED");
  // None of this is remembered.
  subjects = ["things-value"];
  schemas.set(1, JSON.stringify(thing));
  expect(await decode(record)).toEqual({ id: 1 });
});
