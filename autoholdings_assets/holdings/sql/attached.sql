-- What was attached to a portfolio, changed and detached, field by field: when, old and new value, by whom and why. Not what an act of
-- staff or a run did that is recorded as a plan, which tells it itself. Parameter: portfolio_id.
WITH version AS (
    FROM acquisition_version WHERE portfolio_id = $portfolio_id
), boundary AS (
    SELECT valid_from AS at_time, acted_by, reason AS why FROM version
    UNION ALL
    SELECT valid_to, coalesce(ended_by, 'staff'), ended_reason FROM version
    WHERE valid_to IS NOT NULL AND valid_to NOT IN (SELECT valid_from FROM version)
)
SELECT at_time, acted_by, why, field, "old", "new"
FROM (
    SELECT b.*, unnest([
        {'field': 'po_line', 'old': o.po_line, 'new': n.po_line},
        {'field': 'license', 'old': o.license, 'new': n.license},
        {'field': 'public_note', 'old': o.public_note, 'new': n.public_note},
        {'field': 'internal_note', 'old': o.internal_note, 'new': n.internal_note}
    ], recursive := true)
    FROM boundary AS b
    LEFT JOIN version AS o ON o.valid_to = b.at_time
    LEFT JOIN version AS n ON n.valid_from = b.at_time
)
WHERE "old" IS DISTINCT FROM "new"
    AND at_time NOT IN (
        SELECT p.applied_at FROM plan AS p SEMI JOIN (FROM plan_item WHERE portfolio_id = $portfolio_id) AS i USING (plan_id)
        WHERE p.applied_at IS NOT NULL
    )
ORDER BY at_time, field;
