import * as pulumi from "@pulumi/pulumi";
import type { PlanRecord } from "./plan/report";

export const recordType = "millrace:index:PlanRecord";

/** Keeps with the stack what plan it became. It depends on all that the plan became, so that an `up` that fails half-way leaves the record of the one before. */
export class Record extends pulumi.ComponentResource {
  constructor(name: string, record: PlanRecord, opts: pulumi.ComponentResourceOptions) {
    super(recordType, name, {}, opts);
    this.registerOutputs({ record });
  }
}
