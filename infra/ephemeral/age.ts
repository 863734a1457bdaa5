import type { Duration } from "../model";
import { milliseconds } from "../plan/duration";
import { pullRequestStack } from "../stack-file";

/** A stack as the engine lists it. */
export interface Listed {
  readonly name: string;
  /** End of its last update, ISO 8601; undefined: it never had one. */
  readonly lastUpdate?: string | undefined;
  readonly updateInProgress?: boolean | undefined;
  readonly resourceCount?: number | undefined;
}

export interface Environment {
  readonly name: string;
  readonly resources: number;
  /** Milliseconds since its last activity; undefined where there was none. */
  readonly idleMs: number | undefined;
  /** `busy`: something is deployed to it right now. */
  readonly state: "busy" | "in use" | "expired";
}

/** The environments of pull requests among all stacks, longest idle first. One that never came to an update was left by something that failed: it has expired. */
export function environmentsOf(stacks: readonly Listed[], timeToLive: Duration | "", now: number): Environment[] {
  const limit = timeToLive === "" ? Number.POSITIVE_INFINITY : milliseconds(timeToLive);
  return stacks
    .filter(({ name }) => pullRequestStack.test(name))
    .map(({ name, lastUpdate, updateInProgress, resourceCount = 0 }): Environment => {
      const last = lastUpdate === undefined ? Number.NaN : Date.parse(lastUpdate);
      const idleMs = Number.isNaN(last) ? undefined : Math.max(0, now - last);
      const isOver = limit !== Number.POSITIVE_INFINITY && (idleMs ?? Number.POSITIVE_INFINITY) >= limit;
      return {
        name,
        resources: resourceCount,
        idleMs,
        state: updateInProgress ? "busy" : isOver ? "expired" : "in use",
      };
    })
    .sort((a, b) => (b.idleMs ?? Number.POSITIVE_INFINITY) - (a.idleMs ?? Number.POSITIVE_INFINITY));
}
