const { transform, testEnvironment } = require("../../jest.config.js").projects[1];

/** The real platform, deployed once for all files, which run one after the other in the order of their names. */
module.exports = {
  transform,
  testEnvironment,
  rootDir: "../..",
  roots: ["<rootDir>/tests/local"],
  testMatch: ["**/*.test.ts"],
  globalSetup: "<rootDir>/tests/local/support/up.ts",
  globalTeardown: "<rootDir>/tests/local/support/down.ts",
  testSequencer: "<rootDir>/tests/local/support/sequencer.js",
  testTimeout: 300_000,
};
