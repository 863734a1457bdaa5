import type { Pipeline } from "../model";
import { businessEvents } from "./business-events";
import { companyData } from "./company-data";
import { foodOrders } from "./food-orders";
import { upi } from "./upi";

/** All pipelines, in the order they are shown. */
export const pipelines: readonly Pipeline[] = [businessEvents, companyData, foodOrders, upi];
