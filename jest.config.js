/** Unit tests run from a bare clone in seconds; tests/local/ drives the real platform and is run by tests/run.ts. */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/tests"],
  testMatch: ["**/*.test.ts"],
  transform: { "^.+\\.ts$": ["ts-jest", { transpilation: true, diagnostics: false }] },
};
