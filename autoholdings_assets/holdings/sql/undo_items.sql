-- The items of an undo. Input: what undo.sql, lost_coverage.sql and changes.sql made, variables undone_run_id and all_groups.
-- Output: new_plan_item.
CREATE OR REPLACE TEMP TABLE new_plan_item AS
WITH shown AS (
    -- a removed portfolio is shown as it was
    SELECT * FROM portfolio_version SEMI JOIN undone USING (portfolio_id)
    QUALIFY row_number() OVER (PARTITION BY portfolio_id ORDER BY valid_from DESC) = 1
), item AS (
    SELECT
        CASE WHEN u.outcome IN ('update', 'activate', 'remove') THEN u.outcome ELSE 'keep' END AS action,
        u.collection, u.portfolio_id, coalesce(p.title, s.title) AS title, coalesce(p.print_identifier, s.print_identifier) AS print_identifier,
        coalesce(p.online_identifier, s.online_identifier) AS online_identifier,
        CASE WHEN u.outcome IN ('update', 'activate', 'remove') THEN list_concat(coalesce(f.changes, []),
            CASE WHEN w_old.coverage IS NULL AND w_new.coverage IS NULL THEN [] ELSE [{'field': 'coverage', 'old': w_old.coverage, 'new': w_new.coverage}] END)
            ELSE [] END AS changes,
        lc.lost, coalesce(lc.lost_days, 0) AS lost_days,
        CASE
            WHEN u.outcome = 'remove' THEN CASE WHEN s.available_for_all THEN getvariable('all_groups') ELSE s.available_for END
            WHEN u.outcome <> 'update' OR p.available_for_all THEN []
            ELSE list_filter(CASE WHEN s.available_for_all THEN getvariable('all_groups') ELSE s.available_for END, lambda g: NOT list_contains(p.available_for, g))
        END AS groups_lost,
        CASE u.outcome
            WHEN 'update' THEN 'Back to what it was before run ' || getvariable('undone_run_id') || '.'
            WHEN 'activate' THEN 'Removed by run ' || getvariable('undone_run_id') || '; it comes back as it was, with its number.'
            WHEN 'remove' THEN 'Activated by run ' || getvariable('undone_run_id') || '.'
            WHEN 'has PO line' THEN 'Activated by run ' || getvariable('undone_run_id') || ', but it has PO line ' || u.po_line || ' now, so it stays.'
            WHEN 'identifier taken' THEN 'Cannot be restored: its ISSN or ISBN now belongs to ' || u.taken_by_titles || ', which came later. It stays as it is.'
            ELSE 'Cannot be restored: it was changed again since, by run ' || coalesce(left(u.changed_by_run_id, 8), '(none: a person)')
                || ' on ' || strftime(u.changed_at, '%Y-%m-%d') || '. It stays as it is.'
        END AS reason,
        NULL::VARCHAR AS profile, NULL::VARCHAR AS file_sha256, []::BIGINT[] AS row_numbers, coalesce(u.taken_by, []) AS related_portfolio_ids
    FROM undone AS u
    JOIN shown AS s USING (portfolio_id)
    LEFT JOIN proposed_portfolio AS p USING (portfolio_id)
    LEFT JOIN field_change AS f USING (portfolio_id)
    LEFT JOIN coverage_in_words AS w_old ON w_old.portfolio_id = u.portfolio_id AND w_old.side = 'old'
    LEFT JOIN coverage_in_words AS w_new ON w_new.portfolio_id = u.portfolio_id AND w_new.side = 'new'
    LEFT JOIN lost_coverage AS lc ON lc.portfolio_id = u.portfolio_id
)
SELECT row_number() OVER (ORDER BY collection, action, title, portfolio_id) AS item_no, * FROM item;
