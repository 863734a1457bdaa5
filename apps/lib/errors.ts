/** The record is at fault, and always will be: it belongs in the dead letter. */
export class BadRecord extends Error {
  override readonly name = "BadRecord";
  readonly canRetry = false;
}

/** A service that an app depends on is away, or not what it should be yet. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
  readonly canRetry = true;
}

const sqlState = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : "";
};

/**
 * Whether Postgres refused what a row holds: class 21 cardinality, 22 data, 23 constraints, 54 limits (a text too long for its index). What has such a
 * code is refused again however often it is tried.
 */
export const isDataError = (error: unknown): boolean => /^(2[123]|54)/.test(sqlState(error));

/** Of a socket or a name look-up. */
const socketCodes =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|UND_ERR_\w+)$/;
/**
 * 08 connection, 28 login, 3D database, 40 rolled back, 53 resources, 55 object state, 57 shut down or cancelled, 58 system. A table, a column or a right
 * that is missing may be a migration or a grant on its way, so these count, too: 42P01, 42703, 42501, 3F000.
 */
const outsideStates = /^(08|28|3D|40|53|55|57|58|42P01|42703|42501|3F000)/;
/** What `pg` says without a code. */
const lostConnection =
  /connection terminated|connection timeout|timeout exceeded when trying to connect|read timeout|not queryable|client was closed/i;

/** Whether it is the surroundings that failed, so that the same may work later. Neither the record nor our code is at fault then. */
export function isOutside(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { name = "", message = "", code, cause, errors } = error as Partial<NodeJS.ErrnoException & AggregateError>;
  if (error instanceof Unavailable || name.startsWith("KafkaJS") || name === "TimeoutError") return true;
  if (outsideStates.test(sqlState(error)) || lostConnection.test(message)) return true;
  if (socketCodes.test(String(code))) return true;
  // `fetch failed` tells why in its cause, a host with several addresses in one error each.
  return [cause, ...(errors ?? [])].some(isOutside);
}
