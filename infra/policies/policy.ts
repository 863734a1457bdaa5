import type { Registered } from "./resource";

export interface Finding {
  /** Of the property, from the resource's inputs. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** What is asked of every resource, whoever declares it. */
export interface Policy {
  readonly name: string;
  /** Whether only environments with `protect` are held to it. */
  readonly protectedOnly?: boolean;
  readonly check: (resource: Registered) => Iterable<Finding>;
}
