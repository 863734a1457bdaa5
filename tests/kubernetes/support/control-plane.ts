import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { eventually } from "../../support/eventually";
import { freePort } from "../../support/postgres";
import { Api, type ApiAddress, type KubeObject } from "../standin/api";

const root = join(__dirname, "../../..");

export interface ControlPlane {
  readonly api: Api;
  readonly address: ApiAddress;
  readonly folder: string;
  stop(): Promise<void>;
}

/** etcd, the API server with the operators' definitions, the controllers and the scheduler, on loopback; they end with this process, however that ends. */
export async function startControlPlane(): Promise<ControlPlane> {
  const tools = [join(root, "tools/kubernetes.mjs")];
  const answer = execFileSync(process.execPath, tools, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const { bin, crds } = JSON.parse(answer) as { bin: string; crds: string };
  const folder = mkdtempSync(join(tmpdir(), "millrace-kubernetes-"));
  const processes: ChildProcess[] = [];
  const start = (program: string, options: Readonly<Record<string, string>>) => {
    const log = openSync(join(folder, `${program}.log`), "a");
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    processes.push(spawn(...endingWithUs(join(bin, program), args), { cwd: folder, stdio: ["ignore", log, log] }));
  };
  const stop = async () => {
    // After SIGTERM the API server lingers for a minute, and nothing here has to outlive it.
    for (const child of processes) child.kill("SIGKILL");
    const ended = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
    await eventually("the control plane is gone", () => processes.every(ended));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const token = writeCredentials(folder);
    const server = await startServer(start);
    const ca = join(folder, "pki", "apiserver.crt");
    await eventually("the API server has its certificate", () => existsSync(ca), 30_000);
    const address = { server, token, ca };
    const api = new Api(address);
    await eventually("the API server is ready", () => api.call("GET", "/healthz"), 60_000);
    writeFileSync(join(folder, "kubeconfig"), kubeconfig(address), { mode: 0o600 });
    await startControllers(start);
    await loadDefinitions(api, crds);
    return { api, address, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Start = (program: string, options: Readonly<Record<string, string>>) => void;

async function startServer(start: Start): Promise<string> {
  const [etcd, peer, secure] = await Promise.all([freePort(), freePort(), freePort()]);
  start("etcd", {
    "data-dir": "etcd",
    "listen-client-urls": `http://127.0.0.1:${etcd}`,
    "advertise-client-urls": `http://127.0.0.1:${etcd}`,
    "listen-peer-urls": `http://127.0.0.1:${peer}`,
    "initial-advertise-peer-urls": `http://127.0.0.1:${peer}`,
    "initial-cluster": `default=http://127.0.0.1:${peer}`,
    "unsafe-no-fsync": "true",
  });
  start("kube-apiserver", {
    "etcd-servers": `http://127.0.0.1:${etcd}`,
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "secure-port": String(secure),
    "cert-dir": "pki",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": "sa.pub",
    "service-account-signing-key-file": "sa.key",
    "token-auth-file": "tokens.csv",
    "authorization-mode": "RBAC",
    "service-cluster-ip-range": "10.96.0.0/16",
    profiling: "false",
  });
  return `https://127.0.0.1:${secure}`;
}

async function startControllers(start: Start): Promise<void> {
  const common = {
    kubeconfig: "kubeconfig",
    "leader-elect": "false",
    "bind-address": "127.0.0.1",
    "cert-dir": "pki",
    profiling: "false",
  };
  start("kube-controller-manager", {
    ...common,
    "secure-port": String(await freePort()),
    "service-account-private-key-file": "sa.key",
    "root-ca-file": "pki/apiserver.crt",
    // Nodes that nobody runs would be found dead.
    controllers: "*,-node-lifecycle-controller",
  });
  start("kube-scheduler", { ...common, "secure-port": String(await freePort()) });
}

/** @returns the token that may do everything */
function writeCredentials(folder: string): string {
  const token = randomBytes(24).toString("hex");
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  writeFileSync(join(folder, "tokens.csv"), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  writeFileSync(join(folder, "sa.key"), privateKey, { mode: 0o600 });
  writeFileSync(join(folder, "sa.pub"), publicKey);
  return token;
}

function endingWithUs(program: string, args: readonly string[]): [string, string[]] {
  if (!existsSync("/usr/bin/setpriv")) return [program, [...args]];
  return ["/usr/bin/setpriv", ["--pdeathsig", "KILL", program, ...args]];
}

const kubeconfig = ({ server, token, ca }: ApiAddress) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority": ca } }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });

/** Kinds that the platform uses, of the 50 that the operators bring: each takes the API server a while. */
const used = new Set([
  ...["Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "KafkaConnect", "KafkaConnector"],
  ...["Cluster", "Database", "Pooler", "ScheduledBackup"],
  ...["FlinkDeployment", "ScaledObject", "TriggerAuthentication", "PodMonitor", "PrometheusRule", "Certificate"],
]);
const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

async function loadDefinitions(api: Api, folder: string): Promise<void> {
  const all = definitionsIn(folder).filter(({ spec }) => used.has(spec.names.kind));
  await Promise.all([...all, objectStores].map((definition) => api.call("POST", path, definition)));
  const isServed = ({ status }: KubeObject) =>
    status?.conditions?.some(
      (one: { type: string; status: string }) => one.type === "Established" && one.status === "True",
    );
  await eventually(
    "the definitions are served",
    async () => (await api.call<{ items: KubeObject[] }>("GET", path)).items.every(isServed),
    60_000,
  );
}

/** Kept as JSON: to read the YAML of all of them takes seconds. */
function definitionsIn(folder: string): KubeObject[] {
  const json = join(folder, "definitions.json");
  if (!existsSync(json)) {
    const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
    const read = (file: string) =>
      parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((document) => document.toJS());
    writeFileSync(json, JSON.stringify(files.flatMap(read).filter(Boolean)));
  }
  return JSON.parse(readFileSync(json, "utf8"));
}

/** The plugin for backups has no public artifact with its definition: this one takes anything. */
const objectStores = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "objectstores.barmancloud.cnpg.io" },
  spec: {
    group: "barmancloud.cnpg.io",
    names: { kind: "ObjectStore", listKind: "ObjectStoreList", plural: "objectstores", singular: "objectstore" },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};
