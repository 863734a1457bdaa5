import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../infra/paths";

const folder = mkdtempSync(join(tmpdir(), "millrace-comment-"));
const report = join(folder, "report.md");

interface Comment {
  id: number;
  body: string;
  user: { type: string };
}
/** Stands in for GitHub: the comments of pull request 7. */
let comments: Comment[] = [];
const github = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk) => {
    text += chunk;
  });
  request.on("end", () => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://github");
    const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    if (request.headers.authorization !== "Bearer t0ken") return answer(401, {});
    if (request.method === "GET" && pathname === "/repos/acme/data/issues/7/comments") {
      const page = Number(searchParams.get("page")) - 1;
      return answer(200, comments.slice(page * 100, page * 100 + 100));
    }
    const { body } = JSON.parse(text) as { body: string };
    if (request.method === "POST" && pathname === "/repos/acme/data/issues/7/comments") {
      comments.push({ id: comments.length + 1, body, user: { type: "Bot" } });
      return answer(201, {});
    }
    const [, id] = /^\/repos\/acme\/data\/issues\/comments\/(\d+)$/.exec(pathname) ?? [];
    const known = comments.find((comment) => comment.id === Number(id));
    if (request.method !== "PATCH" || !known) return answer(404, {});
    known.body = body;
    return answer(200, {});
  });
});
beforeAll(() => new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  github.close();
  rmSync(folder, { recursive: true });
});

function comment(text: string, token = "t0ken") {
  writeFileSync(report, text);
  const api = `http://127.0.0.1:${(github.address() as AddressInfo).port}`;
  const env = { PATH: process.env.PATH, GITHUB_TOKEN: token, GITHUB_REPOSITORY: "acme/data", GITHUB_API_URL: api };
  return promisify(execFile)(process.execPath, ["tools/comment.mjs", "7", report], { cwd: projectRoot, env });
}

test("a pull request has one comment, updated in place, wherever it stands", async () => {
  const mark = "<!-- millrace preview -->";
  comments = Array.from({ length: 130 }, (_, i) => ({
    id: i + 1,
    // What a person quotes is not ours.
    body: i === 3 ? `${mark} quoted` : "words",
    user: { type: "User" },
  }));
  await comment("## staging\n\nfirst");
  expect(comments).toHaveLength(131);
  await comment("## staging\n\nsecond");
  expect(comments).toHaveLength(131);
  expect(comments[130]?.body).toBe(`${mark}\n\n## staging\n\nsecond`);
  expect(comments[3]?.body).toBe(`${mark} quoted`);
  await comment("x".repeat(100_000));
  expect(comments[130]?.body.length).toBeLessThan(65_536);
});

test("a failure is loud", async () => {
  await expect(comment("words", "wrong")).rejects.toThrow("401");
});
