-- What the files grant, counted. Input: row_outcome.
WITH without AS (
    SELECT outcome, count(*) AS outcome_rows FROM row_outcome WHERE outcome IS NOT NULL GROUP BY outcome
)
SELECT
    (SELECT count(*) FROM row_outcome) AS rows,
    (SELECT count(*) FROM row_outcome WHERE representative) AS titles,
    -- each title's statements are numbered from 1
    (SELECT count(*) FROM row_outcome WHERE representative)
        + (SELECT count(*) FROM (SELECT DISTINCT title_key, statement_no FROM row_outcome WHERE statement_no > 1)) AS statements,
    (SELECT coalesce(list(outcome ORDER BY outcome), []) FROM without) AS outcomes,
    (SELECT coalesce(list(outcome_rows ORDER BY outcome), []) FROM without) AS outcome_rows;
