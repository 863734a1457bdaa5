import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { nearest, type Problem } from "./plan/problems";

/**
 * Configuration values of a stack's file, as Pulumi hands them to a program, for use where no engine runs. A key without a namespace is the project's own.
 * Empty when the file is no YAML: `readConfig` says so.
 */
export function valuesOf(text: string): Record<string, string> {
  const document = parseDocument(text);
  const config = document.errors.length > 0 ? undefined : document.get("config", true);
  if (!isMap(config)) return {};
  const asText = (value: unknown) => (typeof value === "object" ? JSON.stringify(value ?? "") : String(value));
  return Object.fromEntries(
    Object.entries(config.toJS(document) as object).map(([key, value]) => [qualified(key), asText(value)]),
  );
}

const qualified = (key: string) => (key.includes(":") ? key : `millrace:${key}`);

/** What Pulumi itself keeps at the top of a stack's file. */
const topKeys = ["config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"];

/** What is wrong with the file itself, and the line of each key below `config`. */
export function readFile(file: string, text: string): { lines: Map<string, number>; problems: Problem[] } {
  const counter = new LineCounter();
  const document: Document.Parsed = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const lineAt = (offset: number) => counter.linePos(offset).line;
  const problems: Problem[] = document.errors.map(({ message, pos }) => {
    return { file, line: lineAt(pos[0]), message: `This is not right YAML: ${message}.`.replace("..", ".") };
  });
  const lines = new Map<string, number>();
  if (document.errors.length > 0 || document.contents === null) return { lines, problems };
  const top = isMap(document.contents) ? document.contents.items : [];
  for (const { key } of top) {
    const name = isScalar(key) ? String(key.value) : "";
    if (topKeys.includes(name)) continue;
    const line = isScalar(key) && key.range ? { line: lineAt(key.range[0]) } : {};
    const meant = nearest(name, topKeys);
    const fix = meant ? `Did you mean ${meant}?` : "Put configuration below config:.";
    problems.push({
      file,
      ...line,
      message: "There is no such key of a stack's file.",
      given: name,
      allowed: topKeys,
      fix,
    });
  }
  const config = document.get("config", true);
  if (!isMap(config)) {
    const empty = config === undefined || (isScalar(config) && config.value === null);
    const allowed = "config: with keys like millrace:portBase below it";
    if (!isMap(document.contents) || !empty) problems.push({ file, message: "This holds no configuration.", allowed });
    return { lines, problems };
  }
  for (const { key } of config.items) {
    if (isScalar(key) && key.range) lines.set(qualified(String(key.value)), lineAt(key.range[0]));
  }
  return { lines, problems };
}
