-- Portfolios whose groups are not those of the profiles that grant them (rules C16, A14). A title of a profile without groups is for
-- everyone; of several profiles, for the groups of all.
WITH last_plan AS (
    SELECT plan_id, applied_at FROM plan
    WHERE vendor = getvariable('vendor') AND status = 'applied' AND kind = 'upload'
    ORDER BY applied_at DESC LIMIT 1
), kept AS (
    SELECT portfolio_id FROM plan_item WHERE plan_id IN (SELECT plan_id FROM last_plan) AND action = 'keep'
), profile AS (
    SELECT name, groups, 1::HUGEINT << (row_number() OVER (ORDER BY name) - 1)::INTEGER AS bit
    FROM integration_profile WHERE vendor = getvariable('vendor')
), granting AS (
    SELECT g.portfolio_id, bit_or(i.bit) AS profiles
    FROM portfolio_grant AS g JOIN profile AS i ON i.name = g.profile
    WHERE g.valid_to IS NULL
    GROUP BY g.portfolio_id
), together AS (
    -- what is granted is worked out once for each set of profiles
    SELECT s.profiles, bool_or(len(i.groups) = 0) AS for_all, list_sort(list_distinct(flatten(list(i.groups)))) AS groups
    FROM (SELECT DISTINCT profiles FROM granting) AS s JOIN profile AS i ON s.profiles & i.bit <> 0
    GROUP BY s.profiles
), granted AS (
    SELECT portfolio_id, for_all, groups FROM granting JOIN together USING (profiles)
)
SELECT
    p.portfolio_id, p.title, p.available_for_all, p.available_for, g.for_all AS should_be_for_all,
    CASE WHEN g.for_all THEN [] ELSE g.groups END AS should_be_for
FROM portfolio AS p JOIN granted AS g USING (portfolio_id)
ANTI JOIN kept USING (portfolio_id)
WHERE p.updated_at <= (SELECT applied_at FROM last_plan)
    AND p.collection IN (
        SELECT name FROM electronic_collection
        WHERE vendor = getvariable('vendor') AND active AND service_active AND service_available
    )
    AND (p.available_for_all IS DISTINCT FROM g.for_all OR (NOT g.for_all AND list_sort(p.available_for) IS DISTINCT FROM g.groups))
