/**
 * Unit tests start no process and no server (`npm run test:unit`); integration tests do, each its own. tests/local/ drives the whole platform and
 * has a configuration of its own.
 */
const common = {
  testEnvironment: "node",
  rootDir: __dirname,
  roots: ["<rootDir>/tests"],
  transform: {
    "^.+\\.ts$": ["ts-jest", { transpilation: true, diagnostics: false }],
    // Published as modules that only `import` loads.
    "/node_modules/hyparquet[^/]*/.+\\.js$": [
      "ts-jest",
      { transpilation: true, diagnostics: false, tsconfig: { allowJs: true } },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!hyparquet)"],
};

module.exports = {
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: ["/tests/local/", "/tests/kubernetes/", "\\.integration\\.test\\.ts$"],
      setupFilesAfterEnv: ["<rootDir>/tests/support/alone.ts"],
    },
    { ...common, displayName: "integration", testMatch: ["**/*.integration.test.ts"] },
  ],
};
