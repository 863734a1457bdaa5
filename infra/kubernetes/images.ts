import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { bundle } from "../local/bundle";
import { toolchain } from "../local/toolchain";
import { projectRoot } from "../paths";
import type { Plan } from "../plan/types";

/** Where images are pushed to. */
export interface ImageRegistry {
  /** The beginning of their names, without a slash at the end; empty: they are built and not pushed. */
  readonly prefix: pulumi.Input<string>;
  /** Where docker is not logged in by itself. */
  readonly login?: {
    readonly server: pulumi.Input<string>;
    readonly username: pulumi.Input<string>;
    readonly password: pulumi.Input<string>;
  };
}

/** What goes into an image beside its Dockerfile: path in the build's folder → path here, of a file or a folder. */
type Content = Readonly<Record<string, string>>;

/** Jars that Flink's own image does not have, by the beginnings of their names; all others of the local class path it has under other names. */
const flinkAdditions = [
  "flink-connector-",
  "flink-sql-avro-confluent-registry-",
  "flink-sql-connector-kafka-",
  "flink-sql-parquet-",
  "hadoop-client-",
  "millrace-formats",
  "postgresql-",
];

/** The jars that Flink's image takes from the local class path: the same files. */
export const flinkJars = (flinkLib: string): string[] =>
  readdirSync(flinkLib).filter((file) => flinkAdditions.some((beginning) => file.startsWith(beginning)));

/** Images of the platform: the same artifacts that run locally. */
const platformContent: Readonly<Record<"connect" | "flink" | "registry", () => Content>> = {
  connect: () => ({ plugins: toolchain().connectPlugins }),
  flink: () => {
    const { flinkLib } = toolchain();
    return Object.fromEntries(flinkJars(flinkLib).map((jar) => [`lib/${jar}`, join(flinkLib, jar)]));
  },
  registry: () => ({ registry: toolchain().registryDir }),
};

/** Names of all images of a plan, without registry and tag. */
export const imageNames = (plan: Plan): string[] => [
  "connect",
  "flink",
  "registry",
  "setup",
  ...new Set(plan.apps.map(({ folder }) => imageOf(folder))),
];
const imageOf = (folder: string) => `app-${folder.replace(/[^a-z0-9]+/g, "-")}`;

export interface Images {
  readonly platform: (name: "connect" | "flink" | "registry") => pulumi.Output<string>;
  readonly setup: pulumi.Output<string>;
  /** @param folder below `apps/` */
  readonly app: (folder: string) => pulumi.Output<string>;
}

/** All images, each built once. Their tags are made of their content: the same content is the same image, and nothing else is. */
export function images(registry: ImageRegistry, opts: pulumi.CustomResourceOptions): Images {
  const made = new Map<string, pulumi.Output<string>>();
  const once = (name: string, kind: string, content: () => pulumi.Input<Content>) => {
    const known = made.get(name) ?? image(name, kind, pulumi.output(content()), registry, opts);
    made.set(name, known);
    return known;
  };
  const program = (entry: string) => () => bundle(join(projectRoot, entry)).then((file) => ({ "server.cjs": file }));
  return {
    platform: (name) => once(name, name, platformContent[name]),
    setup: once("setup", "app", program("infra/kubernetes/setup/main.ts")),
    app: (folder) => once(imageOf(folder), "app", program(`apps/${folder}/server.ts`)),
  };
}

function image(
  name: string,
  kind: string,
  content: pulumi.Output<Content>,
  { prefix, login }: ImageRegistry,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const staged = content.apply((files) => stage(name, join(projectRoot, "images", kind, "Dockerfile"), files));
  const imageName = pulumi.all([prefix, staged]).apply(([before, { tag }]) => `${before || "millrace"}/${name}:${tag}`);
  const built = new docker.Image(
    name,
    {
      imageName,
      build: {
        context: staged.apply(({ folder }) => folder),
        dockerfile: staged.apply(({ folder }) => join(folder, "Dockerfile")),
        platform: "linux/amd64",
      },
      skipPush: pulumi.output(prefix).apply((before) => before === ""),
      ...(login && { registry: login }),
    },
    opts,
  );
  // What is pushed is known by its digest; what is not, by its tag, which says as much.
  return pulumi
    .all([prefix, built.repoDigest, imageName])
    .apply(([before, digest, tagged]) => (before === "" ? tagged : digest));
}

/** A folder for the build with hard links to the files, named after what is in it. @returns it, and the image's tag */
function stage(name: string, dockerfile: string, content: Content): { folder: string; tag: string } {
  const hash = createHash("sha256").update(readFileSync(dockerfile));
  // Folders and files of the tool cache, and bundles, are named after their content.
  for (const [to, from] of Object.entries(content)) hash.update(`\n${to} ${basename(from)} ${sizeOf(from)}`);
  const tag = hash.digest("hex").slice(0, 16);
  const folder = join(projectRoot, ".millrace", "images", `${name}-${tag}`);
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    writeFileSync(join(draft, "Dockerfile"), readFileSync(dockerfile));
    for (const [to, from] of Object.entries(content)) link(from, join(draft, to));
    renameSync(draft, folder);
  }
  return { folder, tag };
}

const sizeOf = (path: string) => {
  const found = statSync(path);
  return found.isFile() ? found.size : 0;
};

function link(from: string, to: string): void {
  if (statSync(from).isDirectory()) {
    for (const entry of readdirSync(from)) link(join(from, entry), join(to, entry));
    return;
  }
  mkdirSync(join(to, ".."), { recursive: true });
  try {
    linkSync(from, to);
  } catch {
    // On another file system.
    copyFileSync(from, to);
  }
}
