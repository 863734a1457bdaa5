/** What an app is waiting for, by what it tries: `store rows` → `connect ECONNREFUSED 127.0.0.1:5432`. Empty when all is well. */
export type Troubles = Map<string, string>;

/** For `/health/ready`. */
export const troubled = (troubles: Troubles): string | undefined =>
  troubles.size === 0 ? undefined : [...troubles].map(([what, error]) => `${what}: ${error}`).join("; ");
