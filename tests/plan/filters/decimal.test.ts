import fc from "fast-check";
import { exactNumber, formatDecimal, toDecimal } from "../../../infra/plan/filters/decimal";

describe("numbers", () => {
  test.each([
    ["0", "0"],
    ["-0", "0"],
    ["+1", "1"],
    ["1e21", "1000000000000000000000"],
    ["1.50", "1.5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["0.1", "0.1"],
    ["12e-2", "0.12"],
    ["-0.0000000001", "-0.0000000001"],
    ["9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999"],
  ])("%s is %s, exactly", (text, expected) => {
    expect(exactNumber(text)).toBe(expected);
  });

  test.each(["", "-", ".", "1e", "1e100", "0x1", "1_0", "NaN", "1 ", "1e28", "0.00000000001", "٣"])(
    "%s is none",
    (text) => {
      expect(exactNumber(text)).toBeUndefined();
    },
  );

  test.each([
    ["0.00000000005", 1n],
    ["-0.00000000005", -1n],
    ["0.00000000004999", 0n],
    ["9999999999999999999999999999.99999999994", 10n ** 38n - 1n],
    ["9999999999999999999999999999.99999999995", undefined],
    ["1e99", undefined],
    ["0e99", 0n],
  ])("an event's %s rounds half away from zero, to ten places", (text, expected) => {
    expect(toDecimal(text)).toBe(expected);
  });

  test("what is printed reads back as the same number", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), (decimal) => {
        expect(toDecimal(formatDecimal(decimal))).toBe(decimal);
        expect(exactNumber(formatDecimal(decimal))).toBe(formatDecimal(decimal));
      }),
    );
  });
});
