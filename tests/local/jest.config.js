/** The real platform, deployed once for all files, which run one after the other in the order of their names. */
module.exports = {
  ...require("../../jest.config.js"),
  rootDir: "../..",
  roots: ["<rootDir>/tests/local"],
  globalSetup: "<rootDir>/tests/local/support/up.ts",
  globalTeardown: "<rootDir>/tests/local/support/down.ts",
  testSequencer: "<rootDir>/tests/local/support/sequencer.js",
  testTimeout: 300_000,
};
