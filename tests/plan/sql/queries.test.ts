import { faults } from "./relations";

/** Every one of them was put to Flink 2.3's own planner, which takes them. */
const right = [
  "SELECT id, n, r.x, r.q.z, m['a'].k, arr[1].e1 FROM a",
  "SELECT z, s FROM a", // Flink looks into rows by itself
  "SELECT x, n FROM (SELECT n AS x, r, n FROM a)",
  "SELECT a.id, a.r.q.z, b.v FROM a JOIN `b.c-d` AS b ON a.id = b.id",
  "SELECT `b.c-d`.id, `b.c-d`.`timestamp` FROM `b.c-d`",
  "SELECT id0, n0 FROM (SELECT * FROM a JOIN d ON a.id = d.id)",
  "SELECT id, n FROM a JOIN d USING (id, n)",
  "WITH q AS (SELECT id, n AS cnt FROM a), p (k, w) AS (SELECT id, cnt FROM q) SELECT k, w, cnt FROM p JOIN q ON p.k = q.id",
  "SELECT k FROM (SELECT r.q AS k, id FROM a) WHERE k.z > 1 AND id = 'x'",
  "SELECT t.e1, t.e2, a.id FROM a CROSS JOIN UNNEST(arr) AS t (e1, e2)",
  "SELECT nm, id FROM `b.c-d` CROSS JOIN UNNEST(names) AS t (nm)",
  "SELECT id AS k, COUNT(*) AS c FROM a GROUP BY id HAVING COUNT(*) > 1 ORDER BY c DESC, k LIMIT 3",
  "SELECT window_start, id, SUM(n) AS s FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, id",
  "SELECT t.window_start, t.id FROM TABLE(HOP(DATA => TABLE a, TIMECOL => DESCRIPTOR(ts), SLIDE => INTERVAL '1' MINUTE, SIZE => INTERVAL '2' MINUTE)) t",
  "SELECT id, n FROM (SELECT id, n, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts DESC) AS rn FROM a) WHERE rn = 1",
  "SELECT id, SUM(n) OVER w FROM a WINDOW w AS (PARTITION BY id ORDER BY ts)",
  "SELECT id FROM a WHERE EXISTS (SELECT 1 FROM d WHERE d.id = a.id AND n > 1)",
  "SELECT id FROM a WHERE id IN (SELECT id FROM d WHERE r.x = a.n)",
  "SELECT o.id, c.v FROM a AS o LEFT JOIN LATERAL (SELECT v FROM `b.c-d` WHERE id = o.id) c ON TRUE",
  "SELECT id FROM (SELECT id, n FROM a UNION ALL SELECT id AS other, v FROM `b.c-d`) WHERE n > 1",
  "(SELECT id AS k FROM a) UNION ALL (SELECT id FROM d) ORDER BY k",
  "SELECT k, l FROM (VALUES (1, 'a'), (2, 'b')) AS t (k, l)",
  "SELECT EXPR$0 FROM (SELECT COUNT(*), id FROM a GROUP BY id)",
  "SELECT z.x, z.s FROM (SELECT r.* FROM a) z",
  "SELECT w.p FROM (SELECT CAST(ROW(n, id) AS ROW<p INT, o STRING NOT NULL>) AS w FROM a)",
  "SELECT JSON_VALUE(id, '$.a' RETURNING STRING NULL ON EMPTY), TRIM(BOTH ' ' FROM id), EXTRACT(DAY FROM ts), FLOOR(ts TO HOUR), TIMESTAMPADD(MINUTE, n, ts), SUBSTRING(id FROM 1 FOR n), POSITION('a' IN id) FROM a",
  "SELECT a.id FROM a LEFT JOIN d FOR SYSTEM_TIME AS OF a.ts ON a.id = d.id",
  "SELECT COUNT(DISTINCT id) FILTER (WHERE n > 1) FROM a GROUP BY TUMBLE(ts, INTERVAL '1' HOUR)",
  "SELECT mm, id FROM a MATCH_RECOGNIZE (PARTITION BY id ORDER BY ts MEASURES A.n AS mm PATTERN (A B) DEFINE B AS B.n > A.n)",
  "SELECT default_catalog.default_database.a.id FROM `default_catalog`.`default_database`.a",
  "SELECT id, GROUPING(id) FROM a GROUP BY GROUPING SETS ((id), (n))",
  "SELECT MAP['k', id], ARRAY[n, 2][1], U&'\\0000', TRY_CAST(id AS DECIMAL(14, 2)), id IS JSON OBJECT FROM a",
];

test.each(right)("takes %s", (query) => {
  expect(faults(query)).toEqual([]);
});

const wrong: readonly (readonly [query: string, ...faults: string[]])[] = [
  ["SELECT idd FROM a", "1:8 `idd` is not a column of `a`"],
  ["SELECT o.idd FROM a AS o", "1:10 `idd` is not a column of `o`, which is `a`"],
  ["SELECT b.id FROM a", "1:8 `b` is not a column of `a`"],
  ["SELECT r.y, r.q.zz FROM a", "1:10 `r` has no field `y`", "1:17 `q` has no field `zz`"],
  ["SELECT m.k FROM a", "1:10 `m` is a map and has no fields"],
  ["SELECT arr.e1 FROM a", "1:12 `arr` is an array and has no fields"],
  ["SELECT m['a'].kk, arr[1].e3 FROM a", "1:15 `m` has no field `kk`", "1:26 `arr` has no field `e3`"],
  ["SELECT id.x FROM a", "1:11 `id` is a STRING and has no fields"],
  ["SELECT id FROM a, d", "1:8 `id` can mean a.id or d.id"],
  ["SELECT x FROM (SELECT r, q FROM (SELECT r, CAST(r AS ROW<x INT>) AS q FROM d))", "1:8 `x` can mean r.x or q.x"],
  ["SELECT k FROM (SELECT id AS key_id FROM a) t", "1:8 `k` is not a column of `t`"],
  ["SELECT t.n FROM (SELECT id FROM a) AS t (k)", "1:10 `n` is not a column of `t`"],
  ["SELECT k, l FROM (SELECT id, n FROM a) AS t (k)", "1:43 `t` names 1 columns and has 2"],
  ["WITH q AS (SELECT id FROM a) SELECT id, n FROM q", "1:41 `n` is not a column of `q`"],
  ["WITH q AS (SELECT idd FROM a) SELECT 1 FROM q", "1:19 `idd` is not a column of `a`"],
  ["SELECT 1 FROM a JOIN d ON a.id = d.idd", "1:36 `idd` is not a column of `d`"],
  [
    "SELECT n FROM a WHERE idd = 1 GROUP BY n HAVING idd > 1",
    "1:23 `idd` is not a column of `a`",
    "1:49 `idd` is not a column of `a`",
  ],
  ["SELECT n FROM a ORDER BY nn", "1:26 `nn` is not a column of `a`"],
  ["SELECT t.e3 FROM a CROSS JOIN UNNEST(arr) AS t (e1, e2)", "1:10 `e3` is not a column of `t`"],
  ["SELECT 1 FROM a CROSS JOIN UNNEST(ar) AS t", "1:35 `ar` is not a column of `a`"],
  [
    "SELECT windw_start FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) AS w",
    "1:8 `windw_start` is not a column of `w`",
  ],
  ["SELECT id FROM a UNION ALL SELECT id, n FROM d", "1:28 the two sides of this UNION have 1 and 2 columns"],
  [
    "SELECT CASE WHEN idd = 1 THEN 2 END, COALESCE(nn, 1) FROM a",
    "1:18 `idd` is not a column of `a`",
    "1:47 `nn` is not a column of `a`",
  ],
  ["SELECT SUM(n) OVER (PARTITION BY idd ORDER BY ts) FROM a", "1:34 `idd` is not a column of `a`"],
  ["SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM d WHERE d.id = a.idd)", "1:62 `idd` is not a column of `a`"],
  ["SELECT idd", "1:8 `idd` is taken for a column, and nothing is read here"],
  ["SELECT 1 FROM elsewhere", "1:15 `elsewhere` exists, but j does not declare that it reads it"],
  ["SELECT 1 FROM nowhere", "1:15 `nowhere` is nothing that j reads, and no view of this file"],
  ["SELECT 1 FROM t", "1:15 j declares `t` as written, not as read"],
  [
    "SELECT 1 FROM TABLE(TUMBLE(TABLE nowhere, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
    "1:34 `nowhere` is nothing that j reads, and no view of this file",
  ],
];

test.each(wrong)("finds what is wrong in %s", (query, ...expected) => {
  expect(faults(query)).toEqual(expected);
});

test("a relation of which not everything is known has any column", () => {
  expect(faults("SELECT whatever, a.id FROM a CROSS JOIN UNNEST(arr) AS t")).toEqual([]);
  expect(faults("SELECT t.anything FROM a, LATERAL TABLE(f(a.id)) AS t")).toEqual([]);
  expect(faults("SELECT anything FROM nowhere")).toHaveLength(1);
});
