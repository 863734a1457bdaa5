/** A person's mistake, or something about the machine that a person must put right: shown without a stack. */
export class UserError extends Error {
  name = "UserError";
}

/** One error for all problems at once; `problems` are `{ message, given?, allowed?, fix? }`, `fix` one line or several. */
export function userError(problems) {
  const title = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new UserError([`${title}:`, ...problems.map(format)].join("\n"));
}

function format({ message, given, allowed, fix }) {
  const lines = [`  ${message}`];
  if (given !== undefined) lines.push(`      given    ${given}`);
  if (allowed !== undefined) lines.push(`      allowed  ${allowed}`);
  for (const [i, line] of [fix ?? []].flat().entries()) lines.push(`      ${i === 0 ? "fix" : "   "}      ${line}`);
  return lines.join("\n");
}
