-- What became of everything that was uploaded: a record a row of the files, in their order, then one a title that the plan names
-- and no row does. Only numbers and names: actions_told.sql says the rest, of a part at a time. Input: actions_file,
-- actions_row (what became of each row), actions_file_row (each row as understood), actions_collection, variables plan_id,
-- applied_at, not_used. Output: actions_item (the plan's items) and actions_record.

CREATE OR REPLACE TEMP TABLE actions_item AS
SELECT * EXCLUDE (plan_id) FROM plan_item WHERE plan_id = getvariable('plan_id');

CREATE OR REPLACE TEMP TABLE actions_record AS
WITH of_row AS (
    SELECT
        coalesce(v.publication_type, c.publication_type) AS publication_type, r.outcome AS action, r.collection, r.portfolio_id,
        f.file_no, r.row_number, i.item_no
    FROM actions_row AS r
    JOIN actions_file AS f USING (profile)
    LEFT JOIN actions_file_row AS v ON v.file_no = f.file_no AND v.row_number = r.row_number
    LEFT JOIN actions_collection AS c ON c.name = r.collection
    LEFT JOIN actions_item AS i ON i.portfolio_id = r.portfolio_id AND i.action = r.outcome
), of_item AS (
    SELECT coalesce(p.publication_type, c.publication_type) AS publication_type, i.action, i.collection, i.portfolio_id, i.item_no
    FROM actions_item AS i
    ANTI JOIN actions_row AS r ON r.portfolio_id = i.portfolio_id AND r.outcome = i.action
    LEFT JOIN actions_collection AS c ON c.name = i.collection
    LEFT JOIN (SELECT portfolio_id, any_value(publication_type) AS publication_type FROM portfolio_version GROUP BY portfolio_id) AS p
        ON p.portfolio_id = i.portfolio_id
    -- what has no portfolio is told by its rows
    WHERE i.portfolio_id IS NOT NULL OR (SELECT count(*) = 0 FROM actions_row)
), record AS (
    SELECT *, CASE WHEN publication_type = 'monograph' THEN 'monograph' ELSE 'serial' END AS kind, list_contains(getvariable('not_used'), action) AS is_not_used
    FROM (FROM of_row UNION ALL BY NAME FROM of_item)
)
SELECT
    *,
    row_number() OVER (PARTITION BY kind ORDER BY file_no NULLS LAST, row_number, item_no) AS line,
    row_number() OVER (PARTITION BY kind, is_not_used ORDER BY file_no NULLS LAST, row_number, item_no) AS line_not_used
FROM record;
