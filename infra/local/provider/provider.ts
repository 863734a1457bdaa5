import type * as pulumi from "@pulumi/pulumi/provider";
import { formatProblem } from "../../plan/problems";
import type { AnyHandler } from "./handler";
import { handlers } from "./handlers";
import { changedProperties, isUnknown, secret, unwrap, wrapLike } from "./values";

type Properties = Record<string, unknown>;

/** What Pulumi's engine asks, handed to the handler of the resource's type. Types are `millrace:local:<Name>`. */
export class MillraceProvider implements pulumi.Provider {
  readonly version = "0.1.0";

  async check(urn: string, former: Properties, inputs: Properties): Promise<pulumi.CheckResult> {
    const handler = handlerOf(urn);
    const before = former && Object.keys(former).length > 0 ? unwrap(former) : undefined;
    const problems = (await handler.check?.(unwrap(inputs), before, { unknown: isUnknown })) ?? [];
    const failures = problems.map((problem) => {
      const { path, ...rest } = problem;
      return { property: path ?? "", reason: formatProblem(rest).trim() };
    });
    return { inputs, failures };
  }

  async diff(_id: string, urn: string, former: Properties, inputs: Properties): Promise<pulumi.DiffResult> {
    const handler = handlerOf(urn);
    const state = unwrap(former) as Properties;
    const changed = changedProperties(state, unwrap(inputs) as Properties);
    const replaces = changed.filter((property) => handler.replaceOn?.includes(property));
    const changes = changed.length > 0 || (handler.drifted?.(state) ?? false);
    return { changes, replaces, deleteBeforeReplace: true };
  }

  async create(urn: string, inputs: Properties): Promise<pulumi.CreateResult> {
    const handler = handlerOf(urn);
    const { id, state } = await handler.create(unwrap(inputs));
    return { id, outs: outputs(handler, inputs, state) };
  }

  async read(id: string, urn: string, former: Properties): Promise<pulumi.ReadResult> {
    const now = await handlerOf(urn).read(unwrap(former), id);
    if (now === undefined) return { id: "", props: {} };
    return { id, props: wrapLike(now, former) };
  }

  async update(id: string, urn: string, former: Properties, inputs: Properties): Promise<pulumi.UpdateResult> {
    const handler = handlerOf(urn);
    const state = await handler.update(unwrap(former), unwrap(inputs), id);
    return { outs: outputs(handler, inputs, state) };
  }

  async delete(id: string, urn: string, former: Properties): Promise<void> {
    await handlerOf(urn).remove(unwrap(former), id);
  }
}

function outputs(handler: AnyHandler, inputs: Properties, state: object): Properties {
  const outs: Properties = { ...inputs };
  for (const [key, value] of Object.entries(state)) outs[key] = handler.secrets?.includes(key) ? secret(value) : value;
  return outs;
}

function handlerOf(urn: string): AnyHandler {
  const type = urn.split("::")[2]?.split("$").pop() ?? "";
  const handler = handlers[type.replace("millrace:local:", "")];
  if (!handler) throw new Error(`millrace has no resource type ${type}; it has ${Object.keys(handlers).join(", ")}`);
  return handler;
}
