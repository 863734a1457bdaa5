import { join } from "node:path";
import { projectRoot } from "../paths";

/** dbt as schedules start it here: installed into the tool cache at its first use. */
export const localDbt = {
  command: [process.execPath, join(projectRoot, "tools/dbt.mjs")],
  projects: join(projectRoot, "dbt"),
};
