-- For each profile of a plan, how many rows of its file do not end in exactly one outcome. Input: staged_row_result, variables
-- plan_id, row_outcomes (the words that an outcome may be).
WITH suspected AS (  -- blocks of 64 rows, as bits: none should have a row twice
    SELECT profile, row_number >> 6 AS block FROM staged_row_result
    GROUP BY ALL HAVING count(*) > bit_count(bit_or(1::UBIGINT << (row_number & 63)))
), repeated AS (
    SELECT r.profile, r.row_number
    FROM staged_row_result AS r SEMI JOIN suspected AS s ON s.profile = r.profile AND s.block = r.row_number >> 6
    GROUP BY ALL HAVING count(*) > 1
), accounted AS (
    SELECT profile, count(*) AS accounted
    FROM staged_row_result ANTI JOIN repeated USING (profile, row_number)
    WHERE list_contains(getvariable('row_outcomes'), outcome)
    GROUP BY profile
), file AS (
    SELECT unnest(files, recursive := true) FROM plan WHERE plan_id = getvariable('plan_id')
)
SELECT f.profile, k.total_rows - coalesce(a.accounted, 0) AS unaccounted
FROM file AS f
JOIN kbart_file AS k USING (profile, file_sha256)
LEFT JOIN accounted AS a USING (profile);
