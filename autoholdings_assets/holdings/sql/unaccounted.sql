-- For each profile of a plan, how many rows of its file do not end in exactly one outcome: those that counters.sql did not count. Variables
-- plan_id, row_outcomes (the words that an outcome may be).
WITH made AS (
    SELECT files, counters FROM plan WHERE plan_id = getvariable('plan_id')
), file AS (
    SELECT unnest(files, recursive := true) FROM made
), accounted AS (
    SELECT profile, sum(value)::BIGINT AS accounted
    FROM (SELECT unnest(counters, recursive := true) FROM made)
    WHERE list_contains(list_transform(getvariable('row_outcomes'), lambda word: 'rows: ' || word), counter)
    GROUP BY profile
)
SELECT f.profile, k.total_rows - coalesce(a.accounted, 0) AS unaccounted
FROM file AS f
JOIN kbart_file AS k USING (profile, file_sha256)
LEFT JOIN accounted AS a USING (profile);
