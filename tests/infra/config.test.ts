import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { keys, readConfig, valuesOf } from "../../infra/config";
import { targets } from "../../infra/config-keys";
import { type Problem, UserError } from "../../infra/plan/problems";

const file = "Pulumi.test.yaml";
const read = (text: string) => readConfig(valuesOf(text), file, text);

function problemsOf(text: string): readonly Problem[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
  throw new Error("nothing was found wrong");
}
const known = Object.keys(keys).map((key) => `millrace:${key}`);
const defaults = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, key.default]));

test.each<[what: string, text: string, said: Problem[]]>([
  [
    "a misspelt key",
    "config:\n  millrace:target: local\n  millrace:portbase: 18000\n",
    [
      {
        file,
        line: 3,
        path: "millrace:portbase",
        message: "There is no such configuration key.",
        given: "millrace:portbase",
        allowed: known,
        fix: "Did you mean millrace:portBase?",
      },
    ],
  ],
  [
    "a misspelt namespace",
    "config:\n  milrace:portBase: 18000\n",
    [
      {
        file,
        line: 2,
        path: "milrace:portBase",
        message: "There is no such configuration key.",
        given: "milrace:portBase",
        allowed: known,
        fix: "Did you mean millrace:portBase?",
      },
    ],
  ],
  [
    "an unknown key without a namespace, which is the project's own, and one that every object has",
    "config:\n  replicas: 3\n  millrace:constructor: 1\n",
    [
      {
        file,
        line: 2,
        path: "millrace:replicas",
        message: "There is no such configuration key.",
        given: "millrace:replicas",
        allowed: known,
        fix: "Remove it.",
      },
      {
        file,
        line: 3,
        path: "millrace:constructor",
        message: "There is no such configuration key.",
        given: "millrace:constructor",
        allowed: known,
        fix: "Remove it.",
      },
    ],
  ],
  [
    "a wrong value of each key, all at once",
    [
      "# a comment",
      "config:",
      "  millrace:target: nomad",
      "  millrace:portBase: 80",
      "",
      "  millrace:pipelines: upi",
      "  millrace:settings: { car-consumer: { rate: [1] } }",
    ].join("\n"),
    [
      wrong(3, "target", "nomad"),
      wrong(4, "portBase", "80"),
      wrong(6, "pipelines", "upi"),
      wrong(7, "settings", { "car-consumer": { rate: [1] } }),
    ],
  ],
  [
    "a wrong value of each key of a cluster",
    [
      "config:",
      "  millrace:target: kubernetes",
      "  millrace:environment: production",
      "  millrace:namespace: Millrace_1",
      "  millrace:operators: true",
      "  millrace:kubeContext: a b",
      "  millrace:imageRegistry: ghcr.io/acme/",
      "  millrace:domain: localhost",
      "  millrace:timeToLive: 3d",
    ].join("\n"),
    [
      wrong(3, "environment", "production"),
      wrong(4, "namespace", "Millrace_1"),
      wrong(5, "operators", "true"),
      wrong(6, "kubeContext", "a b"),
      wrong(7, "imageRegistry", "ghcr.io/acme/"),
      wrong(8, "domain", "localhost"),
      wrong(9, "timeToLive", "3d"),
    ],
  ],
  [
    "a cluster's API that is open to the whole Internet",
    "config:\n  millrace:target: aws\n  millrace:region: Frankfurt\n  millrace:clusterAccess: [0.0.0.0/0]\n",
    [wrong(3, "region", "Frankfurt"), wrong(4, "clusterAccess", ["0.0.0.0/0"])],
  ],
  [
    "a key of another target",
    "config:\n  millrace:target: kubernetes\n  millrace:portBase: 18000\n  millrace:region: eu-west-1\n",
    [
      {
        file,
        line: 3,
        path: "millrace:portBase",
        message: "Target kubernetes has no use for this key.",
        allowed: ["millrace:target: local"],
        fix: "Remove it, or choose another target.",
      },
      {
        file,
        line: 4,
        path: "millrace:region",
        message: "Target kubernetes has no use for this key.",
        allowed: ["millrace:target: aws"],
        fix: "Remove it, or choose another target.",
      },
    ],
  ],
  [
    "text that is no YAML",
    "config:\n  millrace:target: local\n millrace:portBase: 1\n",
    [{ file, line: 3, message: expect.stringMatching(/^This is not right YAML: .*[^.]\.$/) as unknown as string }],
  ],
  [
    "a key that stands twice",
    "config:\n  millrace:portBase: 18000\n  millrace:portBase: 19000\n",
    [{ file, line: 3, message: "This is not right YAML: Map keys must be unique." }],
  ],
  [
    "keys beside config",
    "confg:\n  millrace:portBase: 18000\nmillrace:target: local\n",
    [
      expect.objectContaining({ file, line: 1, given: "confg", fix: "Did you mean config?" }),
      expect.objectContaining({ file, line: 3, given: "millrace:target", fix: "Put configuration below config:." }),
    ],
  ],
  [
    "no map at all",
    "- millrace:target\n",
    [{ file, message: "This holds no configuration.", allowed: "config: with keys like millrace:portBase below it" }],
  ],
])("%s is told with its line", (_what, text, said) => {
  expect(problemsOf(text)).toEqual(said);
});

test.each([
  ["", {}],
  ["config: {}\n", {}],
  ["config:\n", {}],
  ["encryptionsalt: v1:abc\n", {}],
  ["config:\n  aws:region: eu-central-1\n  pulumi:tags: { a: b }\n", {}],
  ["config:\n  portBase: 18000\n", { portBase: 18000 }],
  ['config:\n  millrace:portBase: "18000"\n', { portBase: 18000 }],
  ["config:\n  millrace:pipelines: [upi, food-orders]\n", { pipelines: ["upi", "food-orders"] }],
  [
    "config:\n  millrace:settings:\n    car-consumer: { sessionTimeoutMs: 6000, on: true }\n",
    {
      settings: { "car-consumer": { sessionTimeoutMs: 6000, on: true } },
    },
  ],
])("%j is right", (text, different) => {
  expect(read(text)).toEqual({ ...defaults, ...different });
});

test("the line of a value that Pulumi hands over is known from the file", () => {
  const text = "config:\n  millrace:target: local\n  millrace:portBase: abc\n";
  expect(() => readConfig({ "millrace:target": "local", "millrace:portBase": "abc" }, file, text)).toThrow(
    "The stack's configuration cannot be used:\n" +
      "  Pulumi.test.yaml:3  millrace:portBase: This value cannot be used.\n" +
      '      given    "abc"\n' +
      "      allowed  a whole number from 1024 to 64000",
  );
});

test("every default is allowed, and the files of this project are right", () => {
  for (const key of Object.values(keys)) expect(key.parse(key.default)).toEqual(key.default);
  const textOf = (stack: string) => readFileSync(join(__dirname, `../../Pulumi.${stack}.yaml`), "utf8");
  expect(read(textOf("dev"))).toEqual(defaults);
  expect(read(textOf("kind"))).toMatchObject({ target: "kubernetes", environment: "kind" });
  expect(read(textOf("staging"))).toMatchObject({ target: "aws", environment: "staging" });
  expect(read(textOf("prod"))).toMatchObject({ target: "aws", environment: "prod" });
});

test("defaults of the project, which Pulumi hands over as if they were given, are nobody's mistake", () => {
  const handed = Object.fromEntries(
    Object.entries(keys).map(([name, { default: value }]) => [
      `millrace:${name}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  for (const target of targets) {
    expect(readConfig({ ...handed, "millrace:target": target }, file)).toEqual({ ...defaults, target });
  }
});

test("ports: exactly the whole numbers of the range are taken", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: -10, max: 70_000 }), fc.double({ min: 0, max: 70_000 }), fc.string()),
      (given) => {
        const right = typeof given === "number" && Number.isInteger(given) && given >= 1024 && given <= 64_000;
        const digits =
          typeof given === "string" && /^\d+$/.test(given) && Number(given) >= 1024 && Number(given) <= 64_000;
        expect(keys.portBase.parse(given) !== undefined).toBe(right || digits);
      },
    ),
  );
});

test("whatever stands in the file, it is read or it is a problem with a place", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        read(text);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        for (const problem of error.problems) expect(problem.file).toBe(file);
      }
    }),
  );
});

function wrong(line: number, key: keyof typeof keys, given: unknown): Problem {
  const path = `millrace:${key}`;
  return { file, line, path, message: "This value cannot be used.", given, allowed: keys[key].allowed };
}
