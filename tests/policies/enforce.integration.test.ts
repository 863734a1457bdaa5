import { spawnSync } from "node:child_process";
import { projectRoot } from "../../infra/paths";

jest.setTimeout(120_000);

// A program that is refused rejects promises that nobody holds, which ends the process: it has one of its own.
function preview(image: string): string {
  const script = "tests/policies/refused-preview.ts";
  const args = ["--require", "./tools/typescript.cjs", script, image];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: projectRoot,
    encoding: "utf8",
    timeout: 100_000,
  });
  return stdout + stderr;
}

test("a preview is refused by a resource that breaks a policy, before the engine looks at it", () => {
  expect(preview(`app@sha256:${"0".repeat(64)}`)).toBe("");
  const said = preview("app:latest");
  expect(said).toContain(
    'kubernetes:core/v1:Pod app › spec.containers[0].image: What "app:latest" is may change without anyone changing it. Policy: no image without digest or content tag.',
  );
});
