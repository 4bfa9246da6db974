-- Portfolios whose groups are not those of the profiles that grant them (rules C16, A14). A title of a profile without groups is for
-- everyone; of several profiles, for the groups of all.
WITH last_plan AS (
    SELECT plan_id, applied_at FROM plan
    WHERE vendor = getvariable('vendor') AND status = 'applied' AND kind = 'upload'
    ORDER BY applied_at DESC LIMIT 1
), kept AS (
    SELECT portfolio_id FROM plan_item WHERE plan_id IN (SELECT plan_id FROM last_plan) AND action = 'keep'
), granting AS (
    SELECT g.portfolio_id, len(i.groups) = 0 AS for_all, list_sort(i.groups) AS groups
    FROM portfolio_grant AS g JOIN integration_profile AS i ON i.name = g.profile
    WHERE g.valid_to IS NULL AND i.vendor = getvariable('vendor')
), judged AS (
    SELECT portfolio_id, available_for_all, available_for
    FROM portfolio ANTI JOIN kept USING (portfolio_id)
    WHERE updated_at <= (SELECT applied_at FROM last_plan)
        AND collection IN (
            SELECT name FROM electronic_collection
            WHERE vendor = getvariable('vendor') AND active AND service_active AND service_available
        )
), suspected AS (  -- hardly any: it has other groups than one of its profiles, which is right where several grant it
    SELECT DISTINCT portfolio_id
    FROM judged AS p JOIN granting AS g USING (portfolio_id)
    WHERE p.available_for_all IS DISTINCT FROM g.for_all
        OR (NOT g.for_all AND list_sort(p.available_for) IS DISTINCT FROM g.groups)
), granted AS (
    SELECT portfolio_id, bool_or(for_all) AS for_all, list_sort(list_distinct(flatten(list(groups)))) AS groups
    FROM granting SEMI JOIN suspected USING (portfolio_id)
    GROUP BY portfolio_id
)
SELECT
    p.portfolio_id, p.title, p.available_for_all, p.available_for, g.for_all AS should_be_for_all,
    CASE WHEN g.for_all THEN [] ELSE g.groups END AS should_be_for
FROM portfolio AS p JOIN granted AS g USING (portfolio_id)
WHERE p.available_for_all IS DISTINCT FROM g.for_all OR (NOT g.for_all AND list_sort(p.available_for) IS DISTINCT FROM g.groups)
