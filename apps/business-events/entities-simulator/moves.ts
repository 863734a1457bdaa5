import { between, chance, pick, type Random } from "../../lib/random";
import { formatMoney, instalment, price, smaller } from "./money";
import type { Change, EntityTable, Loan, World } from "./world";

const models = ["Nexon", "Creta", "Swift", "Thar", "City", "Seltos", "Innova"] as const;
/** A customer keeps a tier: the number says which. */
const tiers = ["standard", "standard", "standard", "silver", "gold", "platinum"] as const;
const serviceTypes = ["oil change", "brakes", "tyres", "inspection", "battery"] as const;
const keys: Readonly<Record<EntityTable, string>> = {
  car_entities: "car_id",
  loan_entities: "loan_id",
  service_record: "service_id",
};

const newNumber = (world: World): string => String(world.next++).padStart(8, "0");

const statusChange = (table: EntityTable, id: string, status: string): Change => ({
  sql: `UPDATE ${table} SET status = $2, updated_at = now() WHERE ${keys[table]} = $1`,
  values: [id, status],
});

export function newCar(world: World, random: Random): Change {
  const number = newNumber(world);
  const id = `car-${number}`;
  world.cars.push({ id, status: "AVAILABLE" });
  return {
    sql: "INSERT INTO car_entities (car_id, vin, model, price) VALUES ($1, $2, $3, $4)",
    values: [id, `MRLSIM${number.padStart(11, "0")}`, pick(random, models), formatMoney(price(random, 4e5, 40e5))],
  };
}

/** One of the cars that wait gets another price, or after all nobody wants it. */
export function repriceOrRetire(world: World, random: Random): Change[] {
  const idle = world.cars.filter((car) => car.status === "AVAILABLE");
  const car = pick(random, idle);
  if (chance(random, 0.2)) {
    close(world, "car_entities", car.id);
    return [statusChange("car_entities", car.id, "RETIRED")];
  }
  return [
    {
      sql: "UPDATE car_entities SET price = $2, updated_at = now() WHERE car_id = $1",
      values: [car.id, formatMoney(price(random, 4e5, 40e5))],
    },
  ];
}

/** A loan is applied for, and its car reserved with it; where no car is left, for one of another dealer. */
export function buyOnLoan(world: World, random: Random): Change[] {
  const id = `loan-${newNumber(world)}`;
  const car = world.cars.find((one) => one.status === "AVAILABLE");
  const amount = price(random, 2e5, 25e5);
  const termMonths = pick(random, [12, 24, 36, 60]);
  const customer = between(random, 1, 5000);
  const customerId = `customer-${customer}`;
  world.loans.push({ id, carId: car?.id ?? null, amount, termMonths, paid: 0n, status: "PENDING" });
  const loan: Change = {
    sql: `INSERT INTO loan_entities (loan_id, car_id, customer_id, customer_tier, loan_amount, interest_rate, term_months)
          VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      id,
      car?.id ?? null,
      customerId,
      tiers[customer % tiers.length],
      formatMoney(amount),
      formatMoney(BigInt(between(random, 700, 1500))),
      termMonths,
    ],
  };
  if (!car) return [loan];
  car.status = "RESERVED";
  const reserved: Change = {
    sql: "UPDATE car_entities SET status = 'RESERVED', owner_id = $2, updated_at = now() WHERE car_id = $1",
    values: [car.id, customerId],
  };
  return [reserved, loan];
}

/** Approved, paid out (the car is sold with it), paid back in instalments, and closed with the last of them. */
export function moveLoan(world: World, random: Random): Change[] {
  const loan = pick(random, world.loans);
  if (loan.status === "PENDING") {
    loan.status = "APPROVED";
    return [statusChange("loan_entities", loan.id, loan.status)];
  }
  if (loan.status === "APPROVED") {
    loan.status = "ACTIVE";
    const active = statusChange("loan_entities", loan.id, loan.status);
    const car = world.cars.find((one) => one.id === loan.carId);
    if (!car) return [active];
    close(world, "car_entities", car.id);
    return [active, statusChange("car_entities", car.id, "SOLD")];
  }
  if (chance(random, 0.02)) {
    close(world, "loan_entities", loan.id);
    return [statusChange("loan_entities", loan.id, "DEFAULTED")];
  }
  return [pay(world, loan)];
}

/** A few instalments at once, so that loans come to an end while someone watches. */
function pay(world: World, loan: Loan): Change {
  loan.paid += smaller(loan.amount - loan.paid, instalment(loan.amount, loan.termMonths / 6));
  const closed = loan.paid === loan.amount;
  if (closed) close(world, "loan_entities", loan.id);
  return {
    sql: "UPDATE loan_entities SET amount_paid = $2, status = $3, updated_at = now() WHERE loan_id = $1",
    values: [loan.id, formatMoney(loan.paid), closed ? "CLOSED" : "ACTIVE"],
  };
}

export function newService(world: World, random: Random): Change {
  const id = `service-${newNumber(world)}`;
  world.services.push({ id, status: "SCHEDULED" });
  const car = world.cars.length > 0 ? pick(random, world.cars).id : "car-of-another-dealer";
  return {
    sql: `INSERT INTO service_record (service_id, car_id, service_type, odometer_km, scheduled_on)
          VALUES ($1, $2, $3, $4, current_date + $5::int)`,
    values: [id, car, pick(random, serviceTypes), between(random, 5, 150_000), between(random, 0, 30)],
  };
}

export function moveService(world: World, random: Random): Change[] {
  const service = pick(random, world.services);
  if (service.status === "SCHEDULED" && chance(random, 0.9)) {
    service.status = "IN_PROGRESS";
    return [statusChange("service_record", service.id, service.status)];
  }
  close(world, "service_record", service.id);
  if (service.status === "SCHEDULED") return [statusChange("service_record", service.id, "CANCELLED")];
  return [
    {
      sql: `UPDATE service_record SET status = 'COMPLETED', cost = $2, completed_at = now(), updated_at = now()
            WHERE service_id = $1`,
      values: [service.id, formatMoney(price(random, 500, 50_000))],
    },
  ];
}

/** It is done with: no longer open, and deleted in its turn. */
function close(world: World, table: EntityTable, id: string): void {
  const open: { readonly id: string }[] = {
    car_entities: world.cars,
    loan_entities: world.loans,
    service_record: world.services,
  }[table];
  open.splice(
    open.findIndex((one) => one.id === id),
    1,
  );
  world.finished.push({ table, id });
}

export function deleteOldest(world: World, most: number): Change[] {
  return world.finished
    .splice(0, most)
    .map(({ table, id }) => ({ sql: `DELETE FROM ${table} WHERE ${keys[table]} = $1`, values: [id] }));
}
