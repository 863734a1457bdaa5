import type { Problem } from "../../plan/problems";

/**
 * One type of resource that this provider owns. Inputs and state are plain values here: secrets are unwrapped before and
 * wrapped again after by `provider.ts`.
 */
export interface Handler<Inputs extends object, State extends object = Record<never, never>> {
  /** Properties of the state that are secret beyond the inputs that came in as secrets. */
  readonly secrets?: readonly (keyof State & string)[];
  /** At preview: what is wrong with the inputs; `path` is the property. `unknown(value)`: will be known only later. */
  check?(
    inputs: Inputs,
    former: Inputs | undefined,
    context: CheckContext,
  ): Promise<readonly Problem[]> | readonly Problem[];
  /** Inputs whose change cannot be made in place. */
  readonly replaceOn?: readonly (keyof Inputs & string)[];
  /** Whether the real thing has drifted in a way that the inputs do not show. */
  drifted?(state: Inputs & State): boolean;
  create(inputs: Inputs): Promise<{ id: string; state: State }>;
  /** How it is now; undefined when it is gone. What cannot be reached is returned as it was known. */
  read(state: Inputs & State, id: string): Promise<(Inputs & State) | undefined>;
  update(state: Inputs & State, inputs: Inputs, id: string): Promise<State>;
  /** Leaves nothing; what is gone already is fine. */
  remove(state: Inputs & State, id: string): Promise<void>;
}

export interface CheckContext {
  unknown(value: unknown): boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: handlers of all types stand in one table
export type AnyHandler = Handler<any, any>;
