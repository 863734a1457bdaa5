import type { FastifyInstance } from "fastify";
import type { Pool } from "pg";
import { idPattern } from "../change";
import type { Versions } from "./versions";

/** Rows of one answer. */
const mostRows = 500;
const mostVersions = 200;

type TableParams = { Params: { company: string; table: string }; Querystring: { as_of?: string } };

/** What is known of companies: their tables, the versions of each, and a table as it was at any time. */
export function historyRoutes(http: FastifyInstance, versions: Versions, pool: Pool): void {
  http.get("/companies", async () => {
    const tables = await versions.allCurrent();
    return {
      tables: tables.map(({ company_id, table_name, version, rows, key_columns, changed_at }) => {
        return { company_id, table_name, version, rows, key_columns, changed_at };
      }),
    };
  });

  http.get<TableParams>("/companies/:company/tables/:table/versions", async ({ params }) => {
    const { rows } = await pool.query(
      `SELECT version, file_id, changed_at, count(*) FILTER (WHERE operation = 'insert')::int AS inserts,
              count(*) FILTER (WHERE operation = 'update')::int AS updates, count(*) FILTER (WHERE operation = 'delete')::int AS deletes
       FROM cdc_events WHERE company_id = $1 AND table_name = $2 GROUP BY 1, 2, 3 ORDER BY version DESC LIMIT $3`,
      [...idsOf(params), mostVersions],
    );
    return { versions: rows };
  });

  http.get<TableParams>("/companies/:company/tables/:table", async ({ params, query }, reply) => {
    const time = query.as_of ? new Date(query.as_of) : new Date();
    if (Number.isNaN(time.getTime()))
      return reply.status(400).send({
        error: "as_of is no time.",
        problems: [{ message: "allowed: 2026-01-31T12:00:00Z, or with another offset" }],
      });
    const { rows } = await pool.query(
      `SELECT row_key, data, version, valid_from, nullif(valid_to, 'infinity') AS valid_to
       FROM company_data_as_of($1, $2, $3) ORDER BY row_key LIMIT $4`,
      [...idsOf(params), time.toISOString(), mostRows + 1],
    );
    return { as_of: time.toISOString(), rows: rows.slice(0, mostRows), more: rows.length > mostRows };
  });
}

/** What is no id is nobody's. */
const idsOf = ({ company, table }: TableParams["Params"]): string[] =>
  [company, table].map((id) => (idPattern.test(id) ? id : ""));
