/** An answer that was no success: the status, and what the service said. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
    what: string,
  ) {
    super(`${what}: ${status} ${messageOf(body)}`);
  }
}

/** One request; its body is sent as JSON, or as the form that it is. @throws HttpError for an answer that is no success; TypeError when nothing answers. */
export async function request<T = unknown>(
  method: string,
  url: string,
  body?: unknown,
  timeoutMs = 60_000,
): Promise<T> {
  const isForm = body instanceof FormData;
  const response = await fetch(url, {
    method,
    headers: { accept: "application/json", ...(!isForm && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new HttpError(response.status, text, `${method} ${new URL(url).pathname}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Whether nothing answered, as opposed to an answer that something is wrong. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError || ["TimeoutError", "AbortError"].includes((error as Error)?.name);
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof HttpError && error.status === status;

function messageOf(body: string): string {
  try {
    const { message, detail, errors } = JSON.parse(body);
    return message ?? detail ?? (Array.isArray(errors) ? lastCause(errors.join("\n")) : body);
  } catch {
    return body.slice(0, 500);
  }
}

/** The innermost cause of a Java stack trace, without its frames. */
export function lastCause(trace: string): string {
  const causes = trace.split("\n").filter((line) => /^(Caused by: )?[\w.$]+(Exception|Error): /.test(line));
  return (causes.at(-1) ?? trace.split("\n")[0] ?? "").replace(/^Caused by: /, "");
}
