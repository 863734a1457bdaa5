import type { Pipeline } from "../model";
import { businessEvents } from "./business-events";

/** All pipelines, in the order they are shown. */
export const pipelines: readonly Pipeline[] = [businessEvents];
