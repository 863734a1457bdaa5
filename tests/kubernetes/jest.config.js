const { transform, testEnvironment } = require("../../jest.config.js").projects[1];

/** The real program in the real engine, against a real API server. */
module.exports = {
  transform,
  testEnvironment,
  rootDir: "../..",
  roots: ["<rootDir>/tests/kubernetes"],
  testMatch: ["**/*.test.ts"],
  globalSetup: "<rootDir>/tests/kubernetes/support/tools.ts",
  testTimeout: 300_000,
};
