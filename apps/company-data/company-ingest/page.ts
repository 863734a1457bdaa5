import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
form, nav { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0; }
label { display: grid; gap: .2rem; font-size: .85rem; }
table { border-collapse: collapse; margin: .75rem 0; font-size: .85rem; display: block; overflow-x: auto; }
th, td { border: 1px solid #8886; padding: .2rem .5rem; text-align: left; white-space: pre-wrap; }
progress { width: 100%; }
.insert { background: #2a22; } .delete { background: #c222; } .null { opacity: .5; }
[role=alert] { color: #c33; white-space: pre-wrap; }`;

/** Values reach the page as text, never as markup. */
const script = `
const $ = (id) => document.getElementById(id);
const make = (tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const cell = (value) => value === null || value === undefined ? make("td", "null", "null") : make("td", value);
function show(where, heads, rows) {
  const head = make("tr");
  head.append(...heads.map((name) => make("th", name)));
  const table = make("table");
  table.append(head, ...rows);
  where.replaceChildren(table);
}
const line = (className, ...cells) => {
  const row = make("tr", undefined, className);
  row.append(...cells);
  return row;
};
const words = {
  receiving: ({ bytes }) => "receiving: " + Math.round(bytes / 1024) + " KiB",
  waiting: () => "waiting for its turn",
  comparing: ({ share }) => "comparing: " + Math.round(share * 100) + " %",
  publishing: ({ published, changes }) => "publishing: " + published + " of " + changes + " changes",
  done: ({ result }) => result.changes + " changes found; " + result.rows + " rows, version " + result.version,
  failed: ({ error }) => error,
};
async function follow(id) {
  for (;;) {
    const answer = await fetch("/uploads/" + id);
    if (answer.ok) {
      const progress = await answer.json();
      $("stage").textContent = words[progress.stage](progress);
      $("bar").value = { receiving: 0.1, waiting: 0.2, comparing: 0.2 + 0.4 * (progress.share ?? 0), publishing: 0.6 + 0.4 * (progress.published / progress.changes || 0), done: 1, failed: 0 }[progress.stage];
      if (progress.stage === "done") return progress;
      if (progress.stage === "failed") return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
$("upload").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("problems").textContent = "";
  $("changes").replaceChildren();
  const id = crypto.randomUUID();
  const body = new FormData();
  for (const [name, value] of new FormData(event.target)) if (name !== "file" && value !== "") body.append(name, value);
  body.append("file", $("file").files[0]);
  const sent = fetch("/upload", { method: "POST", body, headers: { "x-upload-id": id } });
  const followed = follow(id);
  const answer = await sent.catch((error) => ({ ok: false, json: async () => ({ error: String(error) }) }));
  const said = await answer.json();
  if (!answer.ok) {
    $("stage").textContent = "";
    $("problems").textContent = [said.error, ...(said.problems ?? []).map(({ line, message }) => (line ? "line " + line + ": " : "") + message)].join("\\n");
    return;
  }
  const { sample } = (await followed) ?? { sample: [] };
  const rows = sample.map((change) => line(change.operation, make("td", change.operation), make("td", change.key),
    make("td", change.changedColumns.map((name) => name + ": " + (change.before?.[name] ?? "null") + " → " + (change.after?.[name] ?? "null")).join("\\n"))));
  if (rows.length > 0) show($("changes"), ["change", "row", "columns"], rows);
  await tables(said.company_id);
});
async function tables(chosen) {
  const { tables } = await (await fetch("/companies")).json();
  const before = $("table").value;
  $("table").replaceChildren(...tables.map(({ company_id, table_name }) => {
    const option = make("option", company_id + " / " + table_name);
    option.value = company_id + "/tables/" + table_name;
    return option;
  }));
  const wanted = tables.find(({ company_id }) => company_id === chosen);
  if (wanted) $("table").value = wanted.company_id + "/tables/" + wanted.table_name;
  else if (before) $("table").value = before;
  await history();
}
async function history() {
  if (!$("table").value) return;
  const base = "/companies/" + $("table").value;
  const time = $("time").value ? "?as_of=" + encodeURIComponent($("time").value + "Z") : "";
  const [versions, rows] = await Promise.all([fetch(base + "/versions"), fetch(base + time)].map(async (answer) => (await answer).json()));
  show($("versions"), ["version", "valid from (UTC)", "inserted", "updated", "deleted", "file"], (versions.versions ?? []).map((version) => {
    const at = make("button", version.changed_at.slice(0, 23));
    at.type = "button";
    at.addEventListener("click", () => {
      $("time").value = version.changed_at.slice(0, 23);
      history();
    });
    const when = make("td");
    when.append(at);
    return line("", make("td", version.version), when, make("td", version.inserts), make("td", version.updates), make("td", version.deletes), make("td", version.file_id));
  }));
  const columns = [...new Set((rows.rows ?? []).flatMap(({ data }) => Object.keys(data)))];
  $("asof").textContent = rows.error ?? rows.rows.length + " rows" + (rows.more ? " of more" : "") + " as of " + rows.as_of;
  show($("rows"), [...columns, "valid from"], (rows.rows ?? []).map(({ data, valid_from }) => line("", ...columns.map((name) => cell(data[name])), make("td", valid_from))));
}
for (const id of ["table", "time"]) $(id).addEventListener("change", history);
$("now").addEventListener("click", () => {
  $("time").value = "";
  history();
});
tables();`;

const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Company data</title>
<style>${style}</style>
<h1>Company data</h1>
<h2>Upload a file</h2>
<form id="upload">
  <label>CSV file <input id="file" name="file" type="file" accept=".csv,text/csv" required></label>
  <label>Company <input name="company_id" placeholder="from the file's name"></label>
  <label>Table <input name="table_name" placeholder="from the file's name"></label>
  <label>Key columns <input name="key_columns" placeholder="as before, or id"></label>
  <button>Upload</button>
</form>
<progress id="bar" max="1" value="0" aria-label="Progress"></progress>
<p id="stage" role="status"></p>
<p id="problems" role="alert"></p>
<div id="changes"></div>
<h2>History</h2>
<nav>
  <label>Table <select id="table"></select></label>
  <label>As of (UTC) <input id="time" type="datetime-local" step="0.001"></label>
  <button id="now" type="button">Now</button>
</nav>
<div id="versions"></div>
<p id="asof"></p>
<div id="rows"></div>
<script>${script}</script>
</html>
`;

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
/** Nothing but what stands above runs, and nobody frames it. */
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** `GET /`: a page to upload a file, watch it, and look at a table at any time. */
export function pageRoute(http: FastifyInstance): void {
  http.get("/", (_, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .headers({
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      })
      .send(html),
  );
}
