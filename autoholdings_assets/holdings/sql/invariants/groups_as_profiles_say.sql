-- Portfolios whose groups are not those of the profiles that grant them (rules C16, A14). A title of a profile without groups is for
-- everyone; of several profiles, for the groups of all.
WITH last_plan AS (
    SELECT plan_id, applied_at FROM plan
    WHERE vendor = getvariable('vendor') AND status = 'applied' AND kind = 'upload'
    ORDER BY applied_at DESC LIMIT 1
), kept AS (
    SELECT portfolio_id FROM plan_item
    WHERE plan_id IN (SELECT plan_id FROM last_plan) AND action = 'keep' AND portfolio_id IS NOT NULL
), profile AS (
    SELECT name AS profile, len(groups) = 0 AS for_all, list_sort(groups) AS groups
    FROM integration_profile WHERE vendor = getvariable('vendor')
), suspected_block AS MATERIALIZED (  -- 64 portfolios, as bits: in hardly a block one has other groups than one of its profiles
    SELECT DISTINCT block
    FROM (
        SELECT portfolio_id >> 6 AS block, available_for_all, available_for, bit_or(1::UBIGINT << (portfolio_id & 63)) AS ids
        FROM portfolio_version WHERE valid_to IS NULL GROUP BY ALL
    ) AS p
    JOIN (
        SELECT portfolio_id >> 6 AS block, profile, bit_or(1::UBIGINT << (portfolio_id & 63)) AS ids
        FROM portfolio_grant WHERE valid_to IS NULL GROUP BY ALL
    ) AS g USING (block)
    JOIN profile AS i USING (profile)
    WHERE p.ids & g.ids <> 0
        AND (p.available_for_all IS DISTINCT FROM i.for_all
            OR (NOT i.for_all AND list_sort(p.available_for) IS DISTINCT FROM i.groups))
), suspected AS MATERIALIZED (  -- which is right where several grant it
    SELECT portfolio_id, portfolio_id >> 6 AS block, title, available_for_all, available_for
    FROM portfolio
    WHERE portfolio_id >> 6 IN (FROM suspected_block)
        AND portfolio_id NOT IN (FROM kept) AND updated_at <= (SELECT applied_at FROM last_plan)
        AND collection IN (
            SELECT name FROM electronic_collection
            WHERE vendor = getvariable('vendor') AND active AND service_active AND service_available
        )
), granted AS (
    SELECT portfolio_id, bool_or(for_all) AS for_all, list_sort(list_distinct(flatten(list(groups)))) AS groups
    FROM (FROM portfolio_grant SEMI JOIN suspected USING (portfolio_id) WHERE valid_to IS NULL) JOIN profile USING (profile)
    GROUP BY portfolio_id
)
SELECT
    p.portfolio_id, p.title, p.available_for_all, p.available_for, g.for_all AS should_be_for_all,
    CASE WHEN g.for_all THEN [] ELSE g.groups END AS should_be_for
FROM suspected AS p JOIN granted AS g USING (portfolio_id)
WHERE p.available_for_all IS DISTINCT FROM g.for_all OR (NOT g.for_all AND list_sort(p.available_for) IS DISTINCT FROM g.groups)
