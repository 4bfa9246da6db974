-- What the plan would lose, by collection and by profile or group (rule A2). Input: portfolio_grant, planned_grant, new_plan_item,
-- portfolio_now, acquisition, coverage, lost_stretch, collection_state, variables loses_coverage, all_groups, profile_groups (profile -> its
-- groups, all of them for a profile that is for everyone). Gives: measure, collection, profile, group, titles, had, lost, whole; where titles is how
-- many titles lose something of how many (had), and lost and whole are the quantity that the share is taken of.
WITH present_grant AS (
    SELECT portfolio_id, collection, profile FROM portfolio_grant
    WHERE valid_to IS NULL AND collection IN (SELECT collection FROM collection_state WHERE active)
), ended_grant AS (
    SELECT portfolio_id, profile FROM planned_grant WHERE NOT is_granted
), with_po_line AS (
    SELECT portfolio_id FROM acquisition WHERE po_line IS NOT NULL
), granted AS (
    SELECT 'titles' AS measure, collection, profile, count(*) AS had FROM present_grant GROUP BY ALL
    UNION ALL
    SELECT 'titles with a PO line', collection, profile, count(*) FROM present_grant SEMI JOIN with_po_line USING (portfolio_id) GROUP BY ALL
), present_grant_lost AS (
    FROM present_grant SEMI JOIN ended_grant USING (portfolio_id, profile)
), lost_grant AS (
    SELECT 'titles' AS measure, collection, profile, count(*) AS lost FROM present_grant_lost GROUP BY ALL
    UNION ALL
    SELECT 'titles with a PO line', collection, profile, count(*) FROM present_grant_lost SEMI JOIN with_po_line USING (portfolio_id) GROUP BY ALL
), available_now AS (
    SELECT portfolio_id, collection, CASE WHEN available_for_all THEN getvariable('all_groups') ELSE available_for END AS groups FROM portfolio_now
), held AS (  -- counted before the groups are taken apart: there are few different lists of them
    SELECT collection, "group", sum(titles)::BIGINT AS had
    FROM (
        SELECT collection, unnest(CASE WHEN available_for_all THEN getvariable('all_groups') ELSE available_for END) AS "group", count(*) AS titles
        FROM portfolio_now GROUP BY collection, available_for_all, available_for
    ) GROUP BY ALL
), lost_group AS (
    SELECT portfolio_id, unnest(groups_lost) AS "group" FROM new_plan_item WHERE action IN ('update', 'remove')
), lost_titles AS (
    SELECT collection, "group", count(*) AS lost
    FROM lost_group JOIN available_now USING (portfolio_id) WHERE list_contains(groups, "group") GROUP BY ALL
), covered AS (
    SELECT portfolio_id, "group", sum(days) AS days
    FROM (
        SELECT
            portfolio_id, unnest(CASE WHEN available_for_all THEN getvariable('all_groups') ELSE available_for END) AS "group",
            greatest(0, least(coalesce(until_date, current_date), current_date) - from_date + 1) AS days
        FROM coverage
        WHERE from_date IS NOT NULL AND getvariable('loses_coverage')
    ) GROUP BY ALL
), lost_day AS (
    SELECT portfolio_id, inventory_group AS "group", sum(least(last_day, current_date) - least(first_day, current_date) + 1) AS days
    FROM lost_stretch GROUP BY ALL
), covered_by_profile AS (
    SELECT g.collection, g.profile, c.portfolio_id, sum(c.days) AS days, coalesce(sum(l.days), 0) AS lost_days
    FROM present_grant AS g
    JOIN covered AS c ON c.portfolio_id = g.portfolio_id
    JOIN (SELECT unnest(getvariable('profile_groups'), recursive := true)) AS p
        ON p.profile = g.profile AND list_contains(p.groups, c."group")
    LEFT JOIN lost_day AS l ON l.portfolio_id = c.portfolio_id AND l."group" = c."group"
    GROUP BY ALL
), covered_by_group AS (
    SELECT c.collection, d."group", d.portfolio_id, d.days, coalesce(l.days, 0) AS lost_days
    FROM portfolio_now AS c
    JOIN covered AS d USING (portfolio_id)
    LEFT JOIN lost_day AS l ON l.portfolio_id = d.portfolio_id AND l."group" = d."group"
), loss AS (
    SELECT measure, collection, profile, NULL::VARCHAR AS "group", lost AS titles, had, lost, had AS whole
    FROM granted JOIN lost_grant USING (measure, collection, profile)
    UNION ALL
    SELECT 'coverage', collection, profile, NULL, count(*) FILTER (lost_days > 0), count(*), sum(lost_days), sum(days)
    FROM covered_by_profile GROUP BY ALL
    UNION ALL
    SELECT 'titles', collection, NULL, "group", lost, had, lost, had FROM held JOIN lost_titles USING (collection, "group")
    UNION ALL
    SELECT 'coverage', collection, NULL, "group", count(*) FILTER (lost_days > 0), count(*), sum(lost_days), sum(days)
    FROM covered_by_group GROUP BY ALL
)
SELECT * FROM loss WHERE lost > 0 ORDER BY measure DESC, profile NULLS LAST, collection, "group";
