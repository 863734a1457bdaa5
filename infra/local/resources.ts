import * as pulumi from "@pulumi/pulumi";
import type { AccessInputs } from "./provider/access";
import type { ConnectorInputs } from "./provider/connector";
import type { DatabaseInputs } from "./provider/database";
import type { SqlJobInputs } from "./provider/job";
import type { MigrationInputs } from "./provider/migration";
import type { PasswordInputs } from "./provider/password";
import type { ProcessInputs } from "./provider/process";
import type { PublicationInputs } from "./provider/publication";
import type { RoleInputs } from "./provider/role";
import type { SubjectInputs } from "./provider/subject";
import type { TopicInputs } from "./provider/topic";

/** The resources of the local target, as a Pulumi program sees them. What each is, and does, stands in `provider/`. */
type Deep<T> = T extends string | number | boolean | undefined
  ? pulumi.Input<T>
  : T extends readonly (infer E)[]
    ? pulumi.Input<readonly Deep<E>[]>
    : pulumi.Input<{ [K in keyof T]: Deep<T[K]> }>;
type Args<T> = { [K in keyof T]: Deep<T[K]> };
type Options = pulumi.CustomResourceOptions;

const type = (name: string) => `millrace:local:${name}`;

/** One class for each type; the engine knows it by `millrace:local:<Name>`. */
const resource = <Inputs>(name: string) =>
  class extends pulumi.CustomResource {
    constructor(logicalName: string, args: Args<Inputs>, opts?: Options) {
      super(type(name), logicalName, args, opts);
    }
  };

export const Access = resource<AccessInputs>("Access");
export type Access = InstanceType<typeof Access>;
export const Connector = resource<ConnectorInputs>("Connector");
export type Connector = InstanceType<typeof Connector>;
export const Database = resource<DatabaseInputs>("Database");
export type Database = InstanceType<typeof Database>;
export const Migration = resource<MigrationInputs>("Migration");
export type Migration = InstanceType<typeof Migration>;
export const Process = resource<ProcessInputs>("Process");
export type Process = InstanceType<typeof Process>;
export const Publication = resource<PublicationInputs>("Publication");
export type Publication = InstanceType<typeof Publication>;
export const Role = resource<RoleInputs>("Role");
export type Role = InstanceType<typeof Role>;
export const SqlJob = resource<SqlJobInputs>("SqlJob");
export type SqlJob = InstanceType<typeof SqlJob>;
export const Subject = resource<SubjectInputs>("Subject");
export type Subject = InstanceType<typeof Subject>;
export const Topic = resource<TopicInputs>("Topic");
export type Topic = InstanceType<typeof Topic>;

export class Password extends pulumi.CustomResource {
  declare readonly value: pulumi.Output<string>;
  constructor(name: string, args: Args<PasswordInputs>, opts?: Options) {
    super(type("Password"), name, { ...args, value: undefined }, { ...opts, additionalSecretOutputs: ["value"] });
  }
}
