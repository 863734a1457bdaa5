import { execFileSync } from "node:child_process";
import { compareVersions, findJdk, machine, oldestJdk, onPath } from "./jdk.mjs";
import { pulumiFacts } from "./paths.mjs";
import { userError } from "./user-error.mjs";

/** The first version whose `require` loads every kind of module. */
const oldestNode = "20.19.0";

/**
 * Everything that a person must have installed for the things in `need`, checked at once.
 * @param {{ jdk?: boolean, maven?: boolean, go?: boolean, npm?: boolean }} need
 * @returns {{ jdk?: ReturnType<typeof findJdk> }} what was found
 * @throws one UserError with all that is missing, each with how to get it
 */
export function checkPrerequisites(need, on = machine) {
  const problems = [];
  if (!atLeast(on.nodeVersion, oldestNode)) {
    problems.push({
      message: "Node.js is too old.",
      given: `${on.nodeVersion} (${process.execPath})`,
      allowed: `${oldestNode} or newer`,
      fix: [
        "Debian  the package `nodejs` of Debian 13, or of deb.nodesource.com for older ones",
        "Fedora  sudo dnf install nodejs",
        "macOS   brew install node",
      ],
    });
  }
  if (need.npm && !onPath("npm", on)) {
    problems.push({
      message: "npm, which installs the packages, is not on PATH.",
      fix: ["Debian  sudo apt-get install npm", "Fedora  sudo dnf install nodejs-npm", "macOS   brew install node"],
    });
  }
  const jdk = need.jdk ? findJdk(on) : undefined;
  if (jdk && !jdk.home) {
    problems.push({
      message: `There is no JDK ${oldestJdk} or newer: not in JAVA_HOME, not as \`java\` on PATH, not where the system keeps its JDKs.`,
      given: jdk.seen.join(", ") || "none",
      allowed: `${oldestJdk} or newer, with bin/java, bin/javac and bin/jar`,
      fix: [
        "Debian  sudo apt-get install openjdk-21-jdk-headless (on Debian 12: temurin-21-jdk of packages.adoptium.net)",
        "Fedora  sudo dnf install java-latest-openjdk-devel",
        "macOS   brew install openjdk@21",
        "or set JAVA_HOME to one that is elsewhere",
      ],
    });
  }
  if (need.maven && !onPath("mvn", on)) {
    problems.push({
      message: "Maven, which fetches what runs on the JVM, is not on PATH.",
      fix: ["Debian  sudo apt-get install maven", "Fedora  sudo dnf install maven", "macOS   brew install maven"],
    });
  }
  if (need.go) problems.push(...goProblems(on));
  if (problems.length > 0) throw userError(problems);
  return { jdk };
}

function goProblems(on) {
  const { version, go: wanted } = pulumiFacts();
  const fix = [
    "Debian  sudo apt-get install golang (on Debian 12: golang-go of bookworm-backports)",
    "Fedora  sudo dnf install golang",
    "macOS   brew install go",
    `or Pulumi ${version} itself: curl -fsSL https://get.pulumi.com | sh -s -- --version ${version}`,
  ];
  const go = onPath("go", on);
  if (!go) return [{ message: `Neither Pulumi ${version} nor Go, to build it, is on PATH.`, fix }];
  const found = goVersion(go, on);
  // From 1.21 on, Go fetches the version that go.mod asks for by itself, unless told not to.
  const fetches = atLeast(found, "1.21") && (on.env.GOTOOLCHAIN ?? "auto") !== "local";
  if (atLeast(found, wanted) || fetches) return [];
  return [
    {
      message: `Go is too old to build Pulumi ${version}, which is not on PATH either.`,
      given: `${found} (${go})`,
      allowed: `${wanted} or newer, or 1.21 or newer without GOTOOLCHAIN=local`,
      fix,
    },
  ];
}

function goVersion(go, on) {
  if (on.goVersion) return on.goVersion;
  // Outside the project's go.mod, which would make an older Go fetch a newer one only to answer this.
  const answer = execFileSync(go, ["env", "GOVERSION"], { cwd: "/", encoding: "utf8" });
  return answer.trim().replace(/^go/, "") || "0";
}

function atLeast(version, wanted) {
  return compareVersions(version, wanted) >= 0;
}
