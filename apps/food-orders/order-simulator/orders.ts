import { between, chance, pick, type Random } from "../../lib/random";

/** What the order system writes of an order; id and time are the database's. */
export interface Order {
  readonly customer_name: string | null;
  readonly restaurant_name: string | null;
  readonly item: string | null;
  /** Decimal. */
  readonly amount: string | null;
  readonly order_status: string | null;
}

const customers = ["Asha Rao", "Ben Okafor", "Chen Li", "Divya Nair", "Élodie Petit", "Farid Khan"] as const;
const menu = {
  "Spice Garden": ["Butter Chicken", "Paneer Tikka", "Garlic Naan"],
  "Dosa Corner": ["Masala Dosa", "Idli", "Filter Coffee"],
  "Pasta Lane": ["Lasagne", "Penne all'Arrabbiata"],
} as const;
const statuses = ["PLACED", "PREPARING", "DELIVERED", "CANCELLED"] as const;

const faults: readonly Partial<Order>[] = [
  { customer_name: "" },
  { customer_name: null },
  { restaurant_name: " " },
  { item: null },
  { amount: "0.00" },
  { amount: "-12.50" },
  { amount: null, item: "" },
  { order_status: "" },
];
/** Of all orders. */
const faulty = 0.05;

export function nextOrder(random: Random): Order {
  const restaurant = pick(random, Object.keys(menu) as (keyof typeof menu)[]);
  const paise = String(between(random, 4000, 250_000));
  const order: Order = {
    customer_name: pick(random, customers),
    restaurant_name: restaurant,
    item: pick<string>(random, menu[restaurant]),
    amount: `${paise.slice(0, -2)}.${paise.slice(-2)}`,
    order_status: pick(random, statuses),
  };
  return chance(random, faulty) ? { ...order, ...pick(random, faults) } : order;
}
