import type { Pool } from "pg";
import { inTransaction } from "../../lib/postgres";
import { parseMoney } from "./money";
import type { Car, Change, EntityTable, Loan, Service, World } from "./world";

/** Rows of our own making; others that someone put beside them are left alone. */
const ours = (column: string) => `${column} ~ '^(car|loan|service)-[0-9]{8,}$'`;

/** What is in the tables: after a restart, or a transaction of which nobody knows whether it was committed, it goes on from there. */
export async function readWorld(pool: Pool): Promise<World> {
  const rows = async <T>(sql: string) => (await pool.query(sql)).rows as T[];
  const cars = await rows<Car>(
    `SELECT car_id AS id, status FROM car_entities
     WHERE status IN ('AVAILABLE', 'RESERVED') AND ${ours("car_id")} ORDER BY car_id`,
  );
  const loans = await rows<Omit<Loan, "amount" | "paid"> & { amount: string; paid: string }>(
    `SELECT loan_id AS id, car_id AS "carId", loan_amount AS amount, amount_paid AS paid, term_months AS "termMonths", status
     FROM loan_entities WHERE status IN ('PENDING', 'APPROVED', 'ACTIVE') AND ${ours("loan_id")} ORDER BY loan_id`,
  );
  const services = await rows<Service>(
    `SELECT service_id AS id, status FROM service_record
     WHERE status IN ('SCHEDULED', 'IN_PROGRESS') AND ${ours("service_id")} ORDER BY service_id`,
  );
  const finished = await rows<{ table: EntityTable; id: string }>(
    `SELECT "table", id FROM (
       SELECT 'car_entities' AS "table", car_id AS id, updated_at FROM car_entities WHERE status IN ('SOLD', 'RETIRED')
       UNION ALL
       SELECT 'loan_entities', loan_id, updated_at FROM loan_entities WHERE status IN ('CLOSED', 'DEFAULTED')
       UNION ALL
       SELECT 'service_record', service_id, updated_at FROM service_record WHERE status IN ('COMPLETED', 'CANCELLED')
     ) AS done WHERE ${ours("id")} ORDER BY updated_at, id`,
  );
  const numbers = [...cars, ...loans, ...services, ...finished].map(({ id }) => Number(id.replace(/^\w+-/, "")));
  return {
    next: numbers.reduce((highest, number) => Math.max(highest, number), 0) + 1,
    cars,
    loans: loans.map((loan) => ({ ...loan, amount: parseMoney(loan.amount), paid: parseMoney(loan.paid) })),
    services,
    finished,
  };
}

/** All of it or nothing. */
export const commit = (pool: Pool, transaction: readonly Change[]): Promise<void> =>
  inTransaction(pool, async (client) => {
    for (const { sql, values } of transaction) await client.query(sql, [...values]);
  });
