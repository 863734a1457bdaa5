import { migration } from "../../local/provider/migration";
import type { PostgresConnection } from "../../local/provider/postgres";
import { publication } from "../../local/provider/publication";
import { convergeGrants } from "../../local/provider/role";
import { subject } from "../../local/provider/subject";
import type { CapturePlan, DatabasePlan, Plan, PrincipalPlan, SubjectPlan } from "../../plan/types";

/** What has to be as it is declared before anything runs that relies on it. Data only: it reaches the Job in a ConfigMap. */
export interface Setup {
  readonly databases: readonly Pick<DatabasePlan, "name" | "migrations">[];
  readonly roles: readonly Pick<PrincipalPlan, "name" | "postgres" | "temporaryIn" | "functions" | "schemas">[];
  readonly publications: readonly Pick<CapturePlan, "database" | "publication" | "tables" | "slot">[];
  readonly subjects: readonly SubjectPlan[];
}

/** Of databases that somebody else runs, nothing is made. */
export function setupOf(plan: Plan): Setup {
  const own = new Set(plan.databases.filter(({ external }) => !external).map(({ name }) => name));
  return {
    databases: plan.databases.filter(({ name }) => own.has(name)).map(({ name, migrations }) => ({ name, migrations })),
    roles: plan.principals.flatMap(({ name, postgres, temporaryIn, functions, schemas }) => {
      const grants = postgres.filter(({ database }) => own.has(database));
      const more = {
        ...(temporaryIn && { temporaryIn }),
        ...(functions && { functions }),
        ...(schemas && { schemas }),
      };
      return grants.length > 0 ? [{ name, postgres: grants, ...more }] : [];
    }),
    publications: plan.captures
      .filter(({ database }) => own.has(database))
      .map(({ database, publication, tables, slot }) => ({ database, publication, tables, slot })),
    subjects: plan.subjects,
  };
}

/** With the same code as the local target's resources; may run again at any time. */
export async function runSetup(setup: Setup, postgres: PostgresConnection, registry: string): Promise<void> {
  for (const { name, migrations } of setup.databases) {
    await migration.create({ postgres, database: name, files: migrations });
  }
  // In every database: a right that is no longer declared goes.
  const everywhere = setup.databases.map(({ name }) => ({ database: name, table: "", privileges: [] }));
  for (const { name, postgres: grants, ...more } of setup.roles) {
    await convergeGrants({ postgres, name, grants, ...more }, everywhere);
  }
  for (const { publication: name, ...rest } of setup.publications) {
    await publication.create({ postgres, name, ...rest });
  }
  for (const declared of setup.subjects) await subject.create({ registry, ...declared });
}
