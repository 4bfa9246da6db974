-- The portfolios that a plan names, just before and just after it was applied. Input: actions_row, variables plan_id
-- and applied_at, the macros of words.sql. Output: actions_item (the plan's items) and actions_portfolio.

CREATE OR REPLACE TEMP TABLE actions_item AS
SELECT * EXCLUDE (plan_id) FROM plan_item WHERE plan_id = getvariable('plan_id');

CREATE OR REPLACE TEMP TABLE actions_named AS
SELECT portfolio_id FROM actions_row WHERE portfolio_id IS NOT NULL
UNION
SELECT portfolio_id FROM actions_item WHERE portfolio_id IS NOT NULL;

-- Coverage is written whole: where none of its statements changed, it is the same on both sides.
CREATE OR REPLACE TEMP TABLE actions_coverage AS
WITH statement AS (
    SELECT *,
        valid_from < getvariable('applied_at') AS is_before,
        valid_to IS NULL OR valid_to > getvariable('applied_at') AS is_after,
        valid_from AS of_version,
        last_value(publication_title) OVER w AS title_of_portfolio,
        count(DISTINCT groups_in_words(available_for_all, available_for)) OVER (PARTITION BY portfolio_id, valid_from) > 1 AS several_groups
    FROM coverage_version SEMI JOIN actions_named USING (portfolio_id)
    WHERE valid_from <= getvariable('applied_at') AND (valid_to IS NULL OR valid_to >= getvariable('applied_at'))
    WINDOW w AS (PARTITION BY portfolio_id, valid_from ORDER BY statement_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
SELECT
    portfolio_id, is_before, is_after,
    string_agg(
        statement_in_words(date_first_issue_online, num_first_vol_online, num_first_issue_online, date_last_issue_online,
            num_last_vol_online, num_last_issue_online, embargo_info, coverage_depth, access_type,
            CASE WHEN publication_title <> title_of_portfolio THEN publication_title END)
        || CASE WHEN several_groups THEN ' for ' || groups_in_words(available_for_all, available_for) ELSE '' END,
        '; ' ORDER BY statement_no
    ) AS coverage
FROM statement
GROUP BY portfolio_id, of_version, is_before, is_after;

-- A portfolio that is gone is shown as it was.
CREATE OR REPLACE TEMP TABLE actions_portfolio AS
WITH state AS (
    SELECT *,
        valid_from < getvariable('applied_at') AS is_before,
        valid_to IS NULL OR valid_to > getvariable('applied_at') AS is_after
    FROM portfolio_version SEMI JOIN actions_named USING (portfolio_id)
    WHERE valid_from <= getvariable('applied_at') AND (valid_to IS NULL OR valid_to >= getvariable('applied_at'))
), two_sided AS (
    SELECT
        portfolio_id, max(valid_from) AS valid_from,
        max(groups_in_words(available_for_all, available_for)) FILTER (is_before) AS groups_before,
        max(groups_in_words(available_for_all, available_for)) FILTER (is_after) AS groups_after
    FROM state GROUP BY portfolio_id
), covered AS (
    SELECT portfolio_id, max(coverage) FILTER (is_before) AS coverage_before, max(coverage) FILTER (is_after) AS coverage_after
    FROM actions_coverage GROUP BY portfolio_id
)
SELECT
    s.portfolio_id, s.collection, s.publication_type, s.title, s.print_identifier, s.online_identifier,
    c.coverage_before, c.coverage_after, t.groups_before, t.groups_after, a.po_line
FROM state AS s
JOIN two_sided AS t USING (portfolio_id, valid_from)
LEFT JOIN covered AS c USING (portfolio_id)
LEFT JOIN (
    SELECT portfolio_id, po_line FROM acquisition_version
    WHERE valid_from <= getvariable('applied_at') AND (valid_to IS NULL OR valid_to > getvariable('applied_at'))
) AS a USING (portfolio_id);
