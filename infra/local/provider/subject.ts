import type { Compatibility } from "../../model";
import type { Problem } from "../../plan/problems";
import { incompatibilities } from "../../plan/shape/avro-compatibility";
import { jsonIncompatibilities } from "../../plan/shape/json-compatibility";
import { isStatus, isUnreachable, request } from "../http";
import type { Handler } from "./handler";

export interface SubjectInputs {
  /** Base URL of the registry. */
  readonly registry: string;
  readonly name: string;
  readonly schemaType: "AVRO" | "JSON";
  readonly schema: string;
  readonly compatibility: Compatibility;
  /** Where a person changes the schema. */
  readonly file: string;
}
export interface SubjectState {
  /** The registry's id of the schema, as it stands in each record. */
  readonly schemaId: number;
}

const api = (inputs: SubjectInputs, path: string) => `${inputs.registry}/apis/ccompat/v7${path}`;

/** A subject of the schema registry with its level and its newest schema. */
export const subject: Handler<SubjectInputs, SubjectState> = {
  replaceOn: ["name"],

  check: (inputs, former, { unknown }) => (unknown(former?.schema) ? [] : brokenLevel(inputs, former)),

  async create(inputs) {
    return { id: inputs.name, state: { schemaId: await register(inputs) } };
  },

  async read(state) {
    try {
      const latest = await request<{ id: number; schema: string }>(
        "GET",
        api(state, `/subjects/${state.name}/versions/latest`),
      );
      const level = await request<{ compatibilityLevel: Compatibility }>(
        "GET",
        api(state, `/config/${state.name}`),
      ).catch((error) => {
        if (isStatus(error, 404)) return { compatibilityLevel: "NONE" as Compatibility };
        throw error;
      });
      // A capture adds versions of its own, as columns come: newer than declared is no drift, other than declared is.
      const declared = await request<{ id: number }>("POST", api(state, `/subjects/${state.name}`), {
        schema: state.schema,
        schemaType: state.schemaType,
      }).catch(() => undefined);
      return {
        ...state,
        compatibility: level.compatibilityLevel,
        schema: declared ? state.schema : latest.schema,
        schemaId: declared?.id ?? latest.id,
      };
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      if (isUnreachable(error)) return state;
      throw error;
    }
  },

  async update(_state, inputs) {
    return { schemaId: await register(inputs) };
  },

  async remove(state) {
    for (const path of [`/subjects/${state.name}`, `/subjects/${state.name}?permanent=true`]) {
      await request("DELETE", api(state, path)).catch((error) => {
        if (!isStatus(error, 404)) throw error;
      });
    }
  },
};

/** Where a schema that was changed breaks the level of its subject, whose versions the registry knows; where it cannot say, the last one declared. */
export async function brokenLevel(inputs: SubjectInputs, former: SubjectInputs | undefined): Promise<Problem[]> {
  if (former === undefined || former.schemaType !== inputs.schemaType) return [];
  if (former.schema === inputs.schema || inputs.compatibility === "NONE") return [];
  const versions = await registered(inputs).catch(() => [former.schema]);
  const judge = inputs.schemaType === "JSON" ? jsonIncompatibilities : incompatibilities;
  return judge(versions, inputs.schema, inputs.compatibility).map((broken) => ({
    path: "schema",
    file: inputs.file,
    message: `Subject ${inputs.name} is declared ${inputs.compatibility}, and its new schema breaks it at ${broken.path}: ${broken.message} (rule ${broken.rule}).`,
    given: broken.path,
    allowed: allowed[broken.rule.startsWith("BACKWARD") ? "BACKWARD" : "FORWARD"],
    fix: "Add an optional field instead, or declare a new topic for the new shape.",
  }));
}

const allowed = {
  BACKWARD: "what reads all older records: a new field has a default, a type is the same or wider",
  FORWARD: "what older readers can read: a field that goes had a default, a type is the same or narrower",
};

/** Schemas that the registry compares a new one with, oldest first: all for the transitive levels, else the newest. */
async function registered(inputs: SubjectInputs): Promise<string[]> {
  const ask = <T>(path: string) =>
    request<T>("GET", api(inputs, `/subjects/${inputs.name}/versions${path}`), undefined, 2000);
  const versions = inputs.compatibility.endsWith("_TRANSITIVE") ? await ask<number[]>("") : ["latest"];
  const found = await Promise.all(versions.map((version) => ask<{ schema: string }>(`/${version}`)));
  return found.map(({ schema }) => schema);
}

/** Level first for what exists, so that a level that was just loosened lets the schema in. */
async function register(inputs: SubjectInputs): Promise<number> {
  const level = () => request("PUT", api(inputs, `/config/${inputs.name}`), { compatibility: inputs.compatibility });
  const exists = await request("GET", api(inputs, `/subjects/${inputs.name}/versions`)).then(
    () => true,
    (error) => {
      if (isStatus(error, 404)) return false;
      throw error;
    },
  );
  if (exists) await level();
  const { id } = await request<{ id: number }>("POST", api(inputs, `/subjects/${inputs.name}/versions`), {
    schema: inputs.schema,
    schemaType: inputs.schemaType,
  });
  if (!exists) await level();
  return id;
}
