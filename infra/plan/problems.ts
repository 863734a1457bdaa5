/** One thing that is wrong with what a person wrote: where, what was given, what is allowed, and the way out. */
export interface Problem {
  /** File as the person knows it, from the project's root. */
  file?: string;
  /** First line is 1. */
  line?: number;
  /** Where in the file or the pipelines, for example `business-events › to-events › reads`. */
  path?: string;
  /** What is wrong, as a full sentence without the place. */
  message: string;
  /** The value that was given, as it was written. */
  given?: unknown;
  /** Every value, or a description of the values, that would have been right. */
  allowed?: readonly string[] | string;
  /** What to do about it. */
  fix?: string;
}

/** A person's mistake: printed without a stack trace, all problems at once. */
export class UserError extends Error {
  override readonly name = "UserError";
  constructor(
    readonly problems: readonly Problem[],
    title = problems.length === 1 ? "1 problem" : `${problems.length} problems`,
  ) {
    super([`${title}:`, ...problems.map(formatProblem)].join("\n"));
  }
}

/** `file:line  path: message Given: … Allowed: … Fix: …`, over as many lines as it takes. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file && (problem.line ? `${problem.file}:${problem.line}` : problem.file), problem.path];
  const head = place.filter(Boolean).join("  ");
  const lines = [`  ${head ? `${head}: ` : ""}${problem.message}`];
  if (problem.given !== undefined) lines.push(`      given    ${show(problem.given)}`);
  const { allowed = [] } = problem;
  if (allowed.length > 0) lines.push(`      allowed  ${typeof allowed === "string" ? allowed : allowed.join(", ")}`);
  if (problem.fix) lines.push(`      fix      ${problem.fix}`);
  return lines.join("\n");
}

function show(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  const exact = (_key: string, child: unknown) => (typeof child === "bigint" ? String(child) : child);
  return JSON.stringify(value, exact) ?? String(value);
}

/** Throws a `UserError` with all problems, if there are any. */
export function refuse(problems: readonly Problem[], title?: string): void {
  if (problems.length > 0) throw new UserError(problems, title);
}

/** The candidate nearest in spelling, when it is near enough to be what was meant. */
export function nearest(given: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(given.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
