import type { Invocation } from "../deploy";
import { filtersCommand } from "../filters";

export const filters = ({ words, flags }: Invocation): Promise<number> =>
  filtersCommand([...words, ...(flags.file ? ["--file", flags.file] : [])], (text) => process.stdout.write(text));
