import fc from "fast-check";
import { prunable, unbroken } from "../../../infra/local/backup/archive";
import { bytesOf, isSegment, nextSegment, segmentAt } from "../../../infra/local/backup/wal";

const mebibyte = 2 ** 20;

test.each<[lsn: string, megabytes: number, segment: string]>([
  // As pg_walfile_name() says of a cluster with such segments.
  ["0/16B3748", 16, "000000010000000000000001"],
  ["0/1000000", 16, "000000010000000000000001"],
  ["0/FFFFFF", 16, "000000010000000000000000"],
  ["0/FFFFFFFF", 16, "0000000100000000000000FF"],
  ["1/0", 16, "000000010000000100000000"],
  ["2B/A5C0FFEE", 16, "000000010000002B000000A5"],
  ["0/16B3748", 1, "000000010000000000000016"],
  ["2B/A5C0FFEE", 1, "000000010000002B00000A5C"],
  ["0/FFFFFFFF", 1024, "000000010000000000000003"],
])("%s lies in segments of %d MiB in %s", (lsn, megabytes, segment) => {
  expect(segmentAt(lsn, megabytes * mebibyte)).toBe(segment);
});

test("the timeline is the first part of the name", () => {
  expect(segmentAt("0/16B3748", 16 * mebibyte, 10)).toBe("0000000A0000000000000001");
});

test("the next segment begins where the one before ends", () => {
  const sizes = fc.constantFrom(1, 2, 16, 64, 1024).map((megabytes) => megabytes * mebibyte);
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 62n), sizes, (byte, size) => {
      const lsn = (place: bigint) => `${(place >> 32n).toString(16)}/${(place & 0xffffffffn).toString(16)}`;
      const next = nextSegment(segmentAt(lsn(byte), size), size);
      expect(next).toBe(segmentAt(lsn(byte + BigInt(size)), size));
      expect(next > segmentAt(lsn(byte), size)).toBe(true);
      expect(bytesOf(lsn(byte))).toBe(byte);
    }),
  );
});

test("what is no place in a log is no place in a log", () => {
  for (const text of ["", "16B3748", "0/", "0/123456789", "x/1"]) expect(() => bytesOf(text)).toThrow(/no place/);
});

test("what else Postgres archives is no segment", () => {
  expect(isSegment("000000010000000000000002")).toBe(true);
  for (const name of [
    "000000010000000000000002.00000028.backup",
    "00000002.history",
    "000000010000000000000002.partial",
  ])
    expect(isSegment(name)).toBe(false);
});

describe("an archive", () => {
  const size = 16 * mebibyte;
  const names = ["0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000"];
  const [first = "", second = "", third = ""] = names;

  test("is unbroken across the carry of a name", () => {
    expect(unbroken(names, first, size)).toEqual({ run: names });
    expect(unbroken(names, second, size)).toEqual({ run: [second, third] });
  });

  test("with a gap says what is missing", () => {
    expect(unbroken([first, third], first, size)).toEqual({ run: [first], missing: second });
    expect(unbroken([second, third], first, size)).toEqual({ run: [], missing: first });
  });

  test("that ends has no gap", () => {
    expect(unbroken([first], first, size)).toEqual({ run: [first] });
    expect(unbroken([], first, size)).toEqual({ run: [] });
  });

  test("loses what lies before the base backup, and nothing of what it needs", () => {
    expect(prunable(names, second)).toEqual([first]);
    expect(prunable(names, first)).toEqual([]);
  });
});
