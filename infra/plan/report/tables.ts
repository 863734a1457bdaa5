import type { Column, TableShape } from "../types";
import { type Change, changesOf, count, differences } from "./change";
import type { PlanRecord } from "./record";

/** Tables by `<database>.<table>`, and the migrations that are run for it. */
export function tableChanges(before: PlanRecord["databases"], after: PlanRecord["databases"]): Change[] {
  return [...migrationChanges(before, after), ...changesOf(tablesOf(before), tablesOf(after), tableWords)];
}

const tablesOf = (databases: PlanRecord["databases"]) =>
  databases.flatMap((database) =>
    database.tables.map((table) => ({ ...table, name: `${database.name}.${table.name}` })),
  );

const tableWords = {
  added: ({ columns }: TableShape) => [count(columns.length, "column")],
  removed: () => "its rows are lost",
  changed: (was: TableShape, is: TableShape) => {
    const columns = changesOf(was.columns, is.columns, {
      added: (column) => [typeOf(column)],
      removed: () => "its values are lost",
      changed: (a, b) => ({ how: typeOf(a) === typeOf(b) ? [] : [`${typeOf(a)} → ${typeOf(b)}`] }),
    });
    const signs = { added: "+", changed: "", removed: "-" };
    const lost = columns.filter(({ kind }) => kind === "removed").map(({ what }) => what);
    const how = [
      ...columns.map(({ kind, what, how: [words = ""] }) => [signs[kind], what, words].filter(Boolean).join(" ")),
      ...differences(keyOf(was), keyOf(is)),
    ];
    return { how, ...(lost.length > 0 && { risk: `the values of ${lost.join(", ")} are lost` }) };
  },
};

const typeOf = ({ type, nullable }: Column) => (nullable ? type : `${type} not null`);
const keyOf = ({ primaryKey }: TableShape) => ({ "primary key": primaryKey.join(", ") || "none" });

function migrationChanges(before: PlanRecord["databases"], after: PlanRecord["databases"]): Change[] {
  return after.flatMap(({ name, migrations }): Change[] => {
    const applied = before.find((known) => known.name === name)?.migrations.map(({ file }) => file) ?? [];
    const due = migrations.map(({ file }) => file).filter((file) => !applied.includes(file));
    return due.length > 0 ? [{ kind: "changed", what: name, how: due.map((file) => `runs ${file}`) }] : [];
  });
}
