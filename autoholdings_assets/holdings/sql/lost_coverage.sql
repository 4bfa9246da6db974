-- Which stretches of coverage portfolios lose, by group. Input: proposed_statement, changed_coverage, gone (without a PO
-- line), current_coverage, all_groups. Output: lost_stretch (portfolio_id, group, first_day, last_day) and lost_coverage (portfolio_id,
-- lost in words, lost_days).
CREATE OR REPLACE TEMP TABLE lost_stretch AS
WITH affected AS (
    SELECT portfolio_id, FALSE AS removed FROM changed_coverage
    UNION ALL
    SELECT portfolio_id, TRUE FROM gone WHERE NOT has_po_line
), interval_of AS (
    -- available for all means every group, and readers of none
    SELECT portfolio_id, 'before' AS side, from_date, until_date,
        unnest(CASE WHEN available_for_all THEN getvariable('all_groups') ELSE available_for END) AS inventory_group
    FROM current_coverage SEMI JOIN affected USING (portfolio_id)
    WHERE from_date IS NOT NULL
    UNION ALL
    SELECT portfolio_id, 'after', from_date, until_date,
        unnest(CASE WHEN available_for_all THEN getvariable('all_groups') ELSE available_for END)
    FROM proposed_statement SEMI JOIN changed_coverage USING (portfolio_id)
    WHERE from_date IS NOT NULL
), step AS (
    SELECT portfolio_id, inventory_group, from_date AS day, sum((side = 'before')::INT) AS before, sum((side = 'after')::INT) AS after
    FROM interval_of GROUP BY ALL
    UNION ALL
    SELECT portfolio_id, inventory_group, coalesce(until_date + 1, DATE '9999-12-31'), -sum((side = 'before')::INT), -sum((side = 'after')::INT)
    FROM interval_of GROUP BY ALL
), sweep AS (
    SELECT
        portfolio_id, inventory_group, day,
        sum(sum(before)) OVER w AS before, sum(sum(after)) OVER w AS after, lead(day) OVER w AS next_day
    FROM step
    GROUP BY portfolio_id, inventory_group, day
    WINDOW w AS (PARTITION BY portfolio_id, inventory_group ORDER BY day)
), marked AS (
    SELECT *, before > 0 AND after = 0 AS is_lost,
        coalesce(lag(before > 0 AND after = 0) OVER (PARTITION BY portfolio_id, inventory_group ORDER BY day), FALSE) AS was_lost
    FROM sweep WHERE next_day IS NOT NULL
), numbered AS (
    SELECT *, sum((is_lost AND NOT was_lost)::INT) OVER (PARTITION BY portfolio_id, inventory_group ORDER BY day) AS stretch
    FROM marked
)
SELECT portfolio_id, inventory_group, min(day) AS first_day, max(next_day) - 1 AS last_day
FROM numbered WHERE is_lost GROUP BY portfolio_id, inventory_group, stretch;

CREATE OR REPLACE TEMP TABLE lost_coverage AS
WITH by_groups AS (
    SELECT portfolio_id, first_day, last_day, list(inventory_group ORDER BY inventory_group) AS groups FROM lost_stretch GROUP BY ALL
), had AS (
    SELECT portfolio_id, count(DISTINCT inventory_group) AS groups
    FROM (
        SELECT portfolio_id, unnest(CASE WHEN available_for_all THEN getvariable('all_groups') ELSE available_for END) AS inventory_group
        FROM current_coverage WHERE from_date IS NOT NULL AND portfolio_id IN (SELECT portfolio_id FROM lost_stretch)
    ) GROUP BY portfolio_id
), days AS (
    SELECT portfolio_id, max(lost_days) AS lost_days
    FROM (
        SELECT portfolio_id, inventory_group, sum(least(last_day, current_date) - least(first_day, current_date) + 1) AS lost_days
        FROM lost_stretch GROUP BY ALL
    ) GROUP BY portfolio_id
)
SELECT
    b.portfolio_id,
    string_agg(period_in_words(first_day, last_day)
        || CASE WHEN len(b.groups) < had.groups THEN ' for ' || array_to_string(b.groups, ', ') ELSE '' END, '; ' ORDER BY first_day, b.groups)
        || ' lost' AS lost,
    any_value(days.lost_days) AS lost_days
FROM by_groups AS b JOIN had USING (portfolio_id) JOIN days USING (portfolio_id)
GROUP BY b.portfolio_id;
