-- What the plan and the last accepted files would lose together, by profile and collection. Input: variables profile and since (the
-- profile's state of that moment is compared with the plan's), portfolio_grant, planned_grant, coverage_version, proposed_statement,
-- changed_coverage, collection_state, gone. Gives the same columns as losses.sql.
WITH granted_then AS (
    SELECT portfolio_id, collection
    FROM portfolio_grant
    WHERE profile = getvariable('profile') AND valid_from <= getvariable('since')
        AND (valid_to IS NULL OR valid_to > getvariable('since')) AND collection IN (SELECT collection FROM collection_state WHERE active)
), granted_after AS (
    SELECT portfolio_id FROM portfolio_grant
    WHERE profile = getvariable('profile') AND valid_to IS NULL
        AND portfolio_id NOT IN (SELECT portfolio_id FROM planned_grant WHERE profile = getvariable('profile'))
    UNION ALL
    SELECT portfolio_id FROM planned_grant WHERE profile = getvariable('profile') AND is_granted
), compared AS (
    SELECT t.portfolio_id, t.collection, a.portfolio_id IS NULL AS is_lost, q.po_line IS NOT NULL AS has_po_line
    FROM granted_then AS t
    LEFT JOIN granted_after AS a USING (portfolio_id)
    LEFT JOIN acquisition AS q USING (portfolio_id)
), covered_then AS (
    SELECT c.portfolio_id, sum(greatest(0, least(coalesce(until_date, current_date), current_date) - from_date + 1)) AS days
    FROM coverage_version AS c SEMI JOIN granted_then USING (portfolio_id)
    WHERE valid_from <= getvariable('since') AND (valid_to IS NULL OR valid_to > getvariable('since')) AND from_date IS NOT NULL
    GROUP BY portfolio_id
), covered_after AS (
    SELECT portfolio_id, sum(greatest(0, least(coalesce(until_date, current_date), current_date) - from_date + 1)) AS days
    FROM (
        SELECT portfolio_id, from_date, until_date FROM coverage
        WHERE portfolio_id NOT IN (FROM changed_coverage) AND portfolio_id NOT IN (SELECT portfolio_id FROM gone)
        UNION ALL
        SELECT portfolio_id, from_date, until_date FROM proposed_statement SEMI JOIN changed_coverage USING (portfolio_id)
    ) WHERE from_date IS NOT NULL
    GROUP BY portfolio_id
), covered AS (
    SELECT t.collection, t.portfolio_id, c.days, greatest(0, c.days - coalesce(a.days, 0)) AS lost_days
    FROM granted_then AS t JOIN covered_then AS c USING (portfolio_id) LEFT JOIN covered_after AS a USING (portfolio_id)
), loss AS (
    SELECT 'titles' AS measure, collection, count(*) FILTER (is_lost) AS titles, count(*) AS had, count(*) FILTER (is_lost) AS lost, count(*) AS whole
    FROM compared GROUP BY ALL
    UNION ALL
    SELECT 'titles with a PO line', collection, count(*) FILTER (is_lost), count(*), count(*) FILTER (is_lost), count(*)
    FROM compared WHERE has_po_line GROUP BY ALL
    UNION ALL
    SELECT 'coverage', collection, count(*) FILTER (lost_days > 0), count(*), sum(lost_days), sum(days) FROM covered GROUP BY ALL
)
SELECT measure, collection, getvariable('profile') AS profile, NULL::VARCHAR AS "group", titles, had, lost, whole
FROM loss WHERE lost > 0 ORDER BY measure DESC, collection;
