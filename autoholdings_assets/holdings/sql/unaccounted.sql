-- For each profile of a plan, how many rows of its file do not end in exactly one outcome. Input: staged_row_result, variables
-- plan_id, row_outcomes (the words that an outcome may be).
WITH result AS (
    SELECT profile, row_number, count(*) AS times, any_value(outcome) AS outcome FROM staged_row_result GROUP BY ALL
), accounted AS (
    SELECT profile, count(*) FILTER (times = 1 AND list_contains(getvariable('row_outcomes'), outcome)) AS accounted
    FROM result GROUP BY profile
), file AS (
    SELECT unnest(files, recursive := true) FROM plan WHERE plan_id = getvariable('plan_id')
)
SELECT f.profile, k.total_rows - coalesce(a.accounted, 0) AS unaccounted
FROM file AS f
JOIN kbart_file AS k USING (profile, file_sha256)
LEFT JOIN accounted AS a USING (profile);
