-- The plan in numbers. Input: new_plan_item, title_result, row_outcome, granted_title, availability,
-- staged_row_result. Gives counter rows.
CREATE OR REPLACE TEMP TABLE limited_title AS  -- mostly none
SELECT title_key, available_for FROM granted_title JOIN (FROM availability WHERE NOT available_for_all) USING (profiles);

WITH counted AS (  -- each title has one representative row
    SELECT collection, profile, outcome, count(*) AS row_count, count(*) FILTER (representative) AS title_count
    FROM staged_row_result GROUP BY ALL
), of_collection AS (
    SELECT collection, NULL AS profile, NULL AS "group", action AS counter, count(*) AS value
    FROM new_plan_item WHERE action <> 'activate' GROUP BY ALL
    UNION ALL
    SELECT collection, NULL, NULL, outcome, sum(title_count)::BIGINT
    FROM counted WHERE outcome IN ('activate', 'unchanged') AND title_count > 0 GROUP BY ALL
), of_profile AS (
    SELECT collection, profile, NULL AS "group", 'rows: ' || outcome AS counter, row_count AS value FROM counted
), of_group AS (
    SELECT o.collection, NULL AS profile, unnest(l.available_for) AS "group", t.action AS counter
    FROM limited_title AS l
    JOIN title_result AS t USING (title_key)
    JOIN row_outcome AS o USING (title_key)
    WHERE o.representative AND t.action NOT IN ('keep', 'multiple matches')
)
FROM of_collection
UNION ALL FROM of_profile
UNION ALL SELECT collection, profile, "group", counter, count(*) FROM of_group GROUP BY ALL
UNION ALL SELECT collection, NULL, NULL, 'years of coverage lost', (sum(lost_days) / 365.25)::BIGINT FROM new_plan_item WHERE lost_days > 0 GROUP BY ALL
UNION ALL SELECT collection, NULL, group_lost, 'group lost', count(*) FROM (SELECT collection, unnest(groups_lost) AS group_lost FROM new_plan_item WHERE action = 'update') GROUP BY ALL
ORDER BY ALL;
