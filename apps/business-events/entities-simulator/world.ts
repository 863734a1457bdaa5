import type { Random } from "../../lib/random";
import type { Money } from "./money";
import { buyOnLoan, deleteOldest, moveLoan, moveService, newCar, newService, repriceOrRetire } from "./moves";

/** One statement of a transaction, with its parameters. Each changes one row. */
export interface Change {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** AVAILABLE → RESERVED → SOLD, or AVAILABLE → RETIRED. */
export interface Car {
  readonly id: string;
  status: "AVAILABLE" | "RESERVED";
}
/** PENDING → APPROVED → ACTIVE → CLOSED, when all is paid, or → DEFAULTED. */
export interface Loan {
  readonly id: string;
  readonly carId: string | null;
  readonly amount: Money;
  readonly termMonths: number;
  paid: Money;
  status: "PENDING" | "APPROVED" | "ACTIVE";
}
/** SCHEDULED → IN_PROGRESS → COMPLETED, or SCHEDULED → CANCELLED. */
export interface Service {
  readonly id: string;
  status: "SCHEDULED" | "IN_PROGRESS";
}

export type EntityTable = "car_entities" | "loan_entities" | "service_record";

/** What the tables hold, as far as the next changes depend on it: all that is open, and what is done with, oldest first. */
export interface World {
  /** Number of the next id; cars, loans and services share the count. */
  next: number;
  readonly cars: Car[];
  readonly loans: Loan[];
  readonly services: Service[];
  readonly finished: { readonly table: EntityTable; readonly id: string }[];
}

export const emptyWorld = (): World => ({ next: 1, cars: [], loans: [], services: [], finished: [] });

/** Rows that are open, of each table, at most: when there are so many, they move on before new ones come. */
export const openMost = 200;
/** Rows that are done with, of all tables; what goes beyond is deleted. So a laptop left running does not fill up. */
export const finishedMost = 60;
/** Rows that one transaction changes, at most. */
export const rowsMost = 3;

/**
 * The next transaction: one to three changes that belong together. The world is then as if it were committed.
 *
 * @param most rows that it may change; under 3 it is a single one
 */
export function nextTransaction(world: World, random: Random, most = rowsMost): Change[] {
  if (most < rowsMost) return [newCar(world, random)];
  if (world.finished.length > finishedMost) return deleteOldest(world, rowsMost);
  const dice = random();
  const idleCar = world.cars.some((car) => car.status === "AVAILABLE");
  const grow = {
    cars: world.cars.length < openMost,
    loans: world.loans.length < openMost,
    services: world.services.length < openMost,
  };
  if (dice < 0.15 && grow.cars) return [newCar(world, random)];
  if (dice < 0.3 && grow.loans) return buyOnLoan(world, random);
  if (dice < 0.42 && grow.services) return [newService(world, random)];
  if (dice < 0.52 && idleCar) return repriceOrRetire(world, random);
  if (dice < 0.67 && world.services.length > 0) return moveService(world, random);
  if (world.loans.length > 0) return moveLoan(world, random);
  return buyOnLoan(world, random);
}
