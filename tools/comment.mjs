import { readFileSync } from "node:fs";

/**
 * One comment of a pull request, updated in place: `node tools/comment.mjs <number> <report.md> …` puts the reports below each other, and finds the comment
 * again by the mark at its beginning. GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL are those of GitHub's runners.
 */
export const mark = "<!-- millrace preview -->";
/** A comment has 65 536 characters. */
const longest = 65_000;

async function main([number, ...files]) {
  const { GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository, GITHUB_API_URL: api } = process.env;
  if (!token || !repository || !api) throw new Error("GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL are needed");
  if (!/^\d+$/.test(number ?? "") || files.length === 0) {
    throw new Error("usage: node tools/comment.mjs <number of the pull request> <report.md> …");
  }
  const text = [mark, ...files.map((file) => readFileSync(file, "utf8").trim())].join("\n\n");
  const body =
    text.length > longest ? `${text.slice(0, longest)}\n\n… the whole of it is in the workflow's log.` : text;
  const call = async (method, path, content) => {
    const response = await fetch(`${api}/repos/${repository}/issues/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json" },
      ...(content && { body: JSON.stringify(content) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  for (let page = 1; ; page++) {
    const comments = await call("GET", `${number}/comments?per_page=100&page=${page}`);
    const ours = comments.find((comment) => comment.body?.startsWith(mark) && comment.user?.type === "Bot");
    if (ours) return call("PATCH", `comments/${ours.id}`, { body });
    if (comments.length < 100) return call("POST", `${number}/comments`, { body });
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
