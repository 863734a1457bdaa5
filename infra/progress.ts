import type { EngineEvent } from "@pulumi/pulumi/automation";

const verbs: Record<string, string> = {
  create: "+ create ",
  update: "~ update ",
  delete: "- delete ",
  replace: "± replace",
  "create-replacement": "± replace",
  "delete-replaced": "- delete ",
};

/** Turns the engine's events into a line per thing done, with how long it took, and keeps the errors for the end. */
export function progress(write: (line: string) => void) {
  const started = new Map<string, number>();
  const errors: string[] = [];
  const counts: Record<string, number> = {};

  function onEvent(event: EngineEvent): void {
    if (event.resourcePreEvent) started.set(event.resourcePreEvent.metadata.urn, Date.now());
    const done = event.resOutputsEvent?.metadata;
    if (done && verbs[done.op] && done.type.startsWith("millrace:local:")) {
      counts[done.op] = (counts[done.op] ?? 0) + 1;
      const seconds = ((Date.now() - (started.get(done.urn) ?? Date.now())) / 1000).toFixed(1);
      const [type, name] = [done.type.split(":").pop() ?? "", done.urn.split("::").pop() ?? ""];
      write(`  ${verbs[done.op]} ${type.padEnd(11)} ${name.padEnd(44)} ${seconds.padStart(5)} s`);
    }
    const diagnostic = event.diagnosticEvent;
    if (diagnostic?.severity === "error") errors.push(clean(diagnostic.message, diagnostic.urn));
  }

  return { onEvent, errors: () => [...new Set(errors)].filter((error) => error !== "update failed"), counts };
}

/** The message without the engine's colours, and without the stack of a gRPC call. */
function clean(message: string, urn?: string): string {
  const text = message
    .replace(/<\{%[^%]*%\}>/g, "")
    // The engine says once more which resource it is, and a value that it does not know.
    .replace(/\S+ resource '[^']+': property (\S+) value \{<nil>\} has a problem: /, "$1: ")
    .trim();
  const lines = text.split("\n").filter((line) => !/^\s+at /.test(line));
  const name = urn?.split("::").slice(-2).join(" ").replace("millrace:local:", "").replace(/^.*\$/, "");
  return `${name ? `${name}: ` : ""}${lines.join("\n")}`;
}
