import type { Policy } from "./policy";
import { isObject, walk } from "./resource";

/** Names of values that only who needs them may know. */
const secretName =
  /(^|[._-])(password|passwd|pass_?phrase|secret_?(access_?)?key|secret_?string|api_?key|(auth|access|bearer)_?token|token|private_?key)$/i;
const camelSecret = /(Password|Passphrase|SecretKey|SecretString|ApiKey|AuthToken|AccessToken|PrivateKey)$/;
/** A value that another place holds: `${env:NAME}`, `$(NAME)`, `{{ … }}`. */
const reference = /^\$[({]|^\{\{/;
/** A password within a longer text: settings of JAAS, a URL. */
const within = /(?:password|secret)\s*=\s*["'](?![$"'])|:\/\/[^/\s:@]+:(?!\$)[^/\s@]+@/i;

const isSecretName = (name: string) => secretName.test(name) || camelSecret.test(name);
/** Below `passwordSecret` or `secretKeyRef` stands where a secret is found. */
const isReference = (path: string) => /(secret|ref)$/i.test(path.split(".").at(-2) ?? "");
const isPlain = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !reference.test(value);
const fix = "Make it a secret of Pulumi, or refer to one: a secretKeyRef, a configuration provider.";

export const noPlainSecret: Policy = {
  name: "no plain-text secret",
  *check({ type, props }) {
    // Its `secretKey` is the name of an entry.
    if (type.startsWith("kubernetes:external-secrets.io/")) return;
    for (const [path, value] of walk(props)) {
      const last =
        path
          .replace(/\[\d+\]$/, "")
          .split(".")
          .pop() ?? "";
      if (isPlain(value) && isSecretName(last) && !isReference(path) && !/secret_?name$/i.test(last)) {
        yield { path, message: "It stands in clear in the state.", fix };
      } else if (typeof value === "string" && within.test(value)) {
        yield { path, message: "A password stands in clear within it.", fix };
      }
      // An environment variable is a name and a value side by side.
      if (isObject(value) && typeof value.name === "string" && isSecretName(value.name) && isPlain(value.value)) {
        yield { path: `${path}.value`, message: `Variable ${value.name} stands in clear in the state.`, fix };
      }
    }
  },
};
