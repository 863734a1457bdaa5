import { millrace } from "./stack";

export default async function down(): Promise<void> {
  const gone = await millrace("down");
  if (gone.status !== 0) throw new Error(`the test stack does not go away:\n${gone.stderr}`);
}
