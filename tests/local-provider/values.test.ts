import fc from "fast-check";
import { changedProperties, isUnknown, secret, unwrap, wrapLike } from "../../infra/local/provider/values";

/** What the engine sends and keeps. Secrets are wrapped on the way; what the handlers see is plain. */

const key = fc.string({ minLength: 1, maxLength: 6 }).filter((name) => name !== "__proto__");
const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
/** Values with secrets at any depth, also inside lists and inside other secrets. */
const { wire } = fc.letrec<{ wire: unknown }>((tie) => ({
  wire: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    leaf,
    fc.array(tie("wire"), { maxLength: 3 }),
    fc.dictionary(key, tie("wire"), { maxKeys: 4 }),
    tie("wire").map(secret),
  ),
}));
const inputs = fc.dictionary(key, wire, { maxKeys: 5 });
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const signature = "4dabf18193072939515e22adb298388d";
const unknownMark = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Texts that stand anywhere below a secret. */
function hidden(value: unknown, inside = false): string[] {
  if (typeof value === "string") return inside ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((child) => hidden(child, inside));
  if (!isObject(value)) return [];
  if (signature in value) return hidden(value.value, true);
  return Object.values(value).flatMap((child) => hidden(child, inside));
}

/** Texts that stand in the open. */
function open(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(open);
  if (!isObject(value) || signature in value) return [];
  return Object.values(value).flatMap(open);
}

test("unwrapping leaves no wrapping at any depth", () => {
  fc.assert(fc.property(inputs, (value) => expect(JSON.stringify(unwrap(value))).not.toContain(signature)));
});

test("what was unwrapped and wrapped again like it was is, for a handler, the same", () => {
  fc.assert(fc.property(inputs, (value) => expect(unwrap(wrapLike(unwrap(value), value))).toEqual(unwrap(value))));
});

test("what was secret is secret again: nothing hidden comes out in the open", () => {
  const marked = fc.dictionary(key, wire, { maxKeys: 5 }).map((value) => mark(value));
  fc.assert(
    fc.property(marked, (value) => {
      const shown = open(wrapLike(unwrap(value), value));
      for (const text of hidden(value)) expect(shown).not.toContain(text);
    }),
  );
});

test("a new value of a secret property is secret; a property that was not is not", () => {
  const like = { user: "kafka", password: secret("old"), nested: { token: secret("old"), note: "x" } };
  const now = wrapLike({ user: "kafka", password: "new", nested: { token: "new", note: "y" }, more: 1 }, like);
  expect(now).toEqual({ user: "kafka", password: secret("new"), nested: { token: secret("new"), note: "y" }, more: 1 });
});

test("a list in which anything was secret is secret as a whole when it has changed", () => {
  const like = { users: ["a", secret("b")], plain: ["a"] };
  expect(wrapLike({ users: ["a", "b"], plain: ["b"] }, like)).toEqual({ ...like, plain: ["b"] });
  for (const users of [["b", "a"], ["b"], "b", { b: "b" }, null]) {
    expect(wrapLike({ users }, like)).toEqual({ users: secret(users) });
  }
});

test("an unknown value is seen at any depth, in secrets too", () => {
  fc.assert(
    fc.property(inputs, key, fc.nat({ max: 3 }), (value, name, depth) => {
      let deep: unknown = unknownMark;
      for (let i = 0; i < depth; i++) deep = [secret({ [name]: deep }), [deep], { [name]: deep }, deep][i % 4];
      expect(isUnknown(value)).toBe(false);
      expect(isUnknown({ ...value, [name]: deep })).toBe(true);
    }),
  );
});

test("a property has changed when its value has, and absent is the same as undefined", () => {
  fc.assert(
    fc.property(fc.dictionary(key, leaf), key, leaf, leaf, (value, name, from, to) => {
      const changed = changedProperties({ ...value, [name]: from }, { ...value, [name]: to });
      expect(changed).toEqual(JSON.stringify(from) === JSON.stringify(to) ? [] : [name]);
    }),
  );
  expect(changedProperties({ a: 1 }, { a: 1, b: undefined })).toEqual([]);
  expect(changedProperties({ a: { b: undefined } }, { a: {} })).toEqual([]);
  expect(changedProperties({ a: 1, b: 2 }, { a: 1, b: undefined })).toEqual(["b"]);
});

/** Each text with its place, so that no text stands both in the open and hidden. */
function mark(value: unknown, path = ""): unknown {
  if (typeof value === "string") return `${path}: ${value}`;
  if (Array.isArray(value)) return value.map((child, i) => mark(child, `${path}[${i}]`));
  if (!isObject(value)) return value;
  if (signature in value) return secret(mark(value.value, path));
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, mark(child, `${path}.${name}`)]));
}
