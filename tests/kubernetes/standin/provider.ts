import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi/provider";
import { isUnknown, secret, unwrap } from "../../../infra/local/provider/values";
import { Api, ApiError, type KubeObject, type Ref } from "./api";
import { lacks } from "./ready";

type Properties = Record<string, unknown>;

/** Something ready takes the stand-ins of the operators a second; a real cluster is given minutes by the real provider. */
const readyWithinMs = 30_000;

/**
 * Plays Pulumi's providers `kubernetes` and `docker`, which cannot be built here. Every object goes to a real API server, by server-side apply with strict validation, and
 * is waited for. Helm's charts cannot be had either: a release is noted, and nothing installed. An image gets a digest made of its name.
 */
export class StandInProvider implements pulumi.Provider {
  private readonly api: Api;

  constructor(
    readonly version: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    const need = (name: string) => {
      const value = env[name];
      if (!value) throw new Error(`the stand-in provider needs ${name}`);
      return value;
    };
    const [server, token, ca] = ["SERVER", "TOKEN", "CA"].map((name) => need(`MILLRACE_STANDIN_${name}`));
    this.api = new Api({ server, token, ca } as { server: string; token: string; ca: string });
  }

  async check(urn: string, former: Properties, inputs: Properties): Promise<pulumi.CheckResult> {
    if (!isObject(urn)) return { inputs };
    const metadata = { ...((inputs.metadata as Properties) ?? {}) };
    // As the real provider names what has no name: the resource's, and something random.
    const before = (unwrap(former) as Partial<KubeObject>)?.metadata?.name;
    metadata.name ??= before ?? `${nameOf(urn)}-${randomBytes(4).toString("hex")}`;
    return { inputs: { ...inputs, metadata } };
  }

  async diff(_id: string, urn: string, former: Properties, inputs: Properties): Promise<pulumi.DiffResult> {
    const before = unwrap(former) as Properties;
    const next = unwrap(inputs) as Properties;
    if (!isObject(urn) || isUnknown(inputs)) {
      const changes = Object.keys(next).some((key) => !isDeepStrictEqual(plain(before[key]), plain(next[key])));
      return { changes };
    }
    const object = next as unknown as KubeObject;
    const was = before as unknown as KubeObject;
    const moved = was.metadata.name !== object.metadata.name || was.metadata.namespace !== object.metadata.namespace;
    if (moved || was.kind !== object.kind) return { changes: true, replaces: ["metadata"] };
    const live = await this.api.get(object);
    if (!live) return { changes: true };
    try {
      const wanted = await this.api.apply(object, { dryRun: true });
      return { changes: !isDeepStrictEqual(content(live), content(wanted)) };
    } catch (error) {
      if (
        !(error instanceof ApiError) ||
        error.status !== 422 ||
        !/immutable|may not be changed|Forbidden/i.test(error.message)
      )
        throw error;
      return { changes: true, replaces: ["spec"], deleteBeforeReplace: next.metadata === before.metadata };
    }
  }

  async create(urn: string, inputs: Properties): Promise<pulumi.CreateResult> {
    return { id: nameOf(urn), outs: await this.put(urn, inputs), ...this.idOf(urn, inputs) };
  }

  async update(_id: string, urn: string, _former: Properties, inputs: Properties): Promise<pulumi.UpdateResult> {
    return { outs: await this.put(urn, inputs) };
  }

  async read(id: string, urn: string, former: Properties): Promise<pulumi.ReadResult> {
    if (!isObject(urn)) return { id, props: former };
    const live = await this.api.get(unwrap(former) as Ref);
    return live ? { id, props: likeInputs(live, former) as Properties } : { id: "", props: {} };
  }

  async delete(_id: string, urn: string, former: Properties): Promise<void> {
    this.note("delete", urn);
    if (!isObject(urn)) return;
    const object = unwrap(former) as Ref;
    await this.api.remove(object);
    await this.until(urn, async () => ((await this.api.get(object)) ? "still there" : undefined));
  }

  private idOf(urn: string, inputs: Properties): { id?: string } {
    if (!isObject(urn)) return {};
    const { metadata } = unwrap(inputs) as Ref;
    return { id: metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name };
  }

  private async put(urn: string, inputs: Properties): Promise<Properties> {
    this.note("apply", urn);
    if (typeOf(urn).startsWith("docker:")) {
      const name = String(unwrap(inputs.imageName));
      return { ...inputs, baseImageName: name, repoDigest: `${name.replace(/:[^:/]*$/, "")}@sha256:${"0".repeat(64)}` };
    }
    if (!isObject(urn)) return { ...inputs, status: { name: inputs.name, namespace: inputs.namespace } };
    const object = unwrap(inputs) as KubeObject;
    let live = await this.api.apply(object);
    const skips = object.metadata.annotations?.["pulumi.com/skipAwait"] === "true";
    if (!skips) {
      await this.until(urn, async () => {
        live = (await this.api.get(object)) ?? live;
        return lacks(live);
      });
      this.note("ready", urn);
    }
    return likeInputs(live, inputs) as Properties;
  }

  private async until(urn: string, state: () => Promise<string | undefined>): Promise<void> {
    const end = Date.now() + readyWithinMs;
    for (;;) {
      const lack = await state();
      if (lack === undefined) return;
      if (Date.now() > end) throw new Error(`${typeOf(urn)} ${nameOf(urn)} after ${readyWithinMs / 1000} s: ${lack}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** What happened in which order, for the tests. */
  private note(what: "apply" | "ready" | "delete", urn: string): void {
    if (!this.env.MILLRACE_STANDIN_LOG) return;
    const line = JSON.stringify({ what, type: typeOf(urn), name: nameOf(urn) });
    appendFileSync(this.env.MILLRACE_STANDIN_LOG, `${line}\n`);
  }
}

const typeOf = (urn: string) => urn.split("::")[2]?.split("$").pop() ?? "";
const nameOf = (urn: string) => urn.split("::").slice(3).join("::");
const isObject = (urn: string) =>
  typeOf(urn).startsWith("kubernetes:") && !typeOf(urn).startsWith("kubernetes:helm.sh");
const plain = (value: unknown) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** What a person would call the object: nothing that the server keeps for itself. */
function content(object: KubeObject): unknown {
  const { status, metadata, ...rest } = object;
  const { managedFields, resourceVersion, generation, ...own } = metadata as Properties;
  return plain({ ...rest, metadata: own });
}

/** The live values of the fields that were given; secret where they were given as secrets. Text of a Secret is never given back by the server. */
function likeInputs(live: unknown, given: unknown): unknown {
  if (given !== null && typeof given === "object" && !Array.isArray(given)) {
    const entries = Object.entries(given as Properties);
    if ("4dabf18193072939515e22adb298388d" in given) {
      return secret(likeInputs(live, (given as Properties).value));
    }
    const now = (live ?? {}) as Properties;
    return Object.fromEntries(
      entries
        .filter(([key]) => key === "stringData" || key in now)
        .map(([key, value]) => [key, key === "stringData" ? value : likeInputs(now[key], value)]),
    );
  }
  if (Array.isArray(given) && Array.isArray(live) && given.length === live.length) {
    return given.map((item, index) => likeInputs(live[index], item));
  }
  return live;
}
