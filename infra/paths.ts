import { join } from "node:path";

/** Folder of the project. */
export const projectRoot = join(__dirname, "..");
/** Everything of a stack lies below. */
export const stackRoot = (stack: string): string => join(projectRoot, ".millrace", stack);
