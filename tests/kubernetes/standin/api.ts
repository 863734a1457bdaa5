import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";

/** An object of the Kubernetes API. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: as different as kinds are
  readonly [key: string]: any;
}

export interface ApiAddress {
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  readonly token: string;
  /** PEM file. */
  readonly ca: string;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export type Verb = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
export type Ref = Pick<KubeObject, "apiVersion" | "kind"> & {
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

/** The few calls of the API that the tests need. */
export class Api {
  private readonly agent: Agent;
  private readonly kinds = new Map<string, Promise<Map<string, { plural: string; namespaced: boolean }>>>();

  constructor(private readonly address: ApiAddress) {
    this.agent = new Agent({ keepAlive: true, ca: readFileSync(address.ca), maxSockets: 8 });
  }

  /** @throws ApiError when the server refuses */
  call<T = KubeObject>(verb: Verb, path: string, body?: unknown, contentType = "application/json"): Promise<T> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${this.address.token}`,
        "content-type": contentType,
        "content-length": Buffer.byteLength(text),
      };
      const sent = request(
        `${this.address.server}${path}`,
        { method: verb, agent: this.agent, headers },
        (response) => {
          let received = "";
          response.setEncoding("utf8");
          response.on("data", (chunk) => (received += chunk));
          response.on("error", reject);
          response.on("end", () => {
            const status = response.statusCode ?? 0;
            const answer = received.startsWith("{") ? JSON.parse(received) : { message: received };
            if (status < 300) resolve(answer as T);
            else reject(new ApiError(status, answer.reason ?? "", `${verb} ${path}: ${answer.message}`));
          });
        },
      );
      sent.on("error", reject);
      sent.end(text);
    });
  }

  async get(ref: Ref): Promise<KubeObject | undefined> {
    return ifThere(this.call("GET", await this.pathOf(ref)));
  }

  /** Every object of a kind. */
  async list(apiVersion: string, kind: string, namespace?: string): Promise<KubeObject[]> {
    const { plural } = await this.kindOf(apiVersion, kind);
    const path = `${groupPath(apiVersion)}${namespace ? `/namespaces/${namespace}` : ""}/${plural}`;
    const { items } = await this.call<{ items: KubeObject[] }>("GET", path);
    return items.map((item) => ({ ...item, apiVersion, kind }));
  }

  /** Server-side apply, refusing fields that the kind does not have. */
  async apply(object: Ref, options: { dryRun?: boolean } = {}): Promise<KubeObject> {
    const query = `fieldManager=pulumi&force=true&fieldValidation=Strict${options.dryRun ? "&dryRun=All" : ""}`;
    return this.call("PATCH", `${await this.pathOf(object)}?${query}`, object, "application/apply-patch+yaml");
  }

  async merge(ref: Ref, patch: object, subresource = ""): Promise<KubeObject> {
    return this.call("PATCH", `${await this.pathOf(ref)}${subresource}`, patch, "application/merge-patch+json");
  }

  /** What depends on it goes in the background. */
  async remove(ref: Ref): Promise<void> {
    await ifThere(this.call("DELETE", await this.pathOf(ref), { propagationPolicy: "Background" }));
  }

  async pathOf({ apiVersion, kind, metadata }: Ref): Promise<string> {
    const { plural, namespaced } = await this.kindOf(apiVersion, kind);
    const scope = namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    return `${groupPath(apiVersion)}${scope}/${plural}/${metadata.name}`;
  }

  private async kindOf(apiVersion: string, kind: string) {
    let known = this.kinds.get(apiVersion);
    if (!known) {
      known = this.discover(apiVersion);
      this.kinds.set(apiVersion, known);
    }
    const found = (await known).get(kind);
    if (found) return found;
    this.kinds.delete(apiVersion);
    throw new ApiError(404, "NotFound", `no kind ${kind} in ${apiVersion}`);
  }

  private async discover(apiVersion: string) {
    const { resources } = await this.call<{ resources: { name: string; kind: string; namespaced: boolean }[] }>(
      "GET",
      groupPath(apiVersion),
    );
    const own = resources.filter(({ name }) => !name.includes("/"));
    return new Map(own.map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]));
  }
}

const groupPath = (apiVersion: string) => (apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

export async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
