-- What the files grant, counted. Input: row_outcome.
WITH counted AS (
    SELECT outcome, count(*) AS outcome_rows, count(*) FILTER (representative) AS titles FROM row_outcome GROUP BY outcome
), without AS (
    FROM counted WHERE outcome IS NOT NULL
)
SELECT
    (SELECT coalesce(sum(outcome_rows), 0)::BIGINT FROM counted) AS rows,
    (SELECT coalesce(sum(titles), 0)::BIGINT FROM counted) AS titles,
    -- each title's statements are numbered from 1
    (SELECT coalesce(sum(titles), 0)::BIGINT FROM counted)
        + (SELECT count(*) FROM (SELECT DISTINCT title_key, statement_no FROM row_outcome WHERE statement_no > 1)) AS statements,
    (SELECT coalesce(list(outcome ORDER BY outcome), []) FROM without) AS outcomes,
    (SELECT coalesce(list(outcome_rows ORDER BY outcome), []) FROM without) AS outcome_rows;
