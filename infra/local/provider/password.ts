import { randomBytes } from "node:crypto";
import type { Handler } from "./handler";

export interface PasswordInputs {
  /** Whose it is; a new name makes a new password. */
  readonly user: string;
}
export interface PasswordState {
  readonly value: string;
}

/** 192 random bits in URL-safe text, known to nobody but the stack's encrypted state. */
export const password: Handler<PasswordInputs, PasswordState> = {
  secrets: ["value"],
  replaceOn: ["user"],
  create: async (inputs) => ({ id: inputs.user, state: { value: randomBytes(24).toString("base64url") } }),
  read: async (state) => state,
  update: async (state) => ({ value: state.value }),
  remove: async () => {},
};
