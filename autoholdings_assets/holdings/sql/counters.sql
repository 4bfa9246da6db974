-- The plan in numbers. Input: new_plan_item, activated_title, title_result, granted_title, availability, staged_row_result. Gives counter rows.
WITH of_collection AS (
    SELECT collection, NULL AS profile, NULL AS "group", action AS counter, count(*) AS value
    FROM (SELECT collection, action FROM new_plan_item UNION ALL SELECT collection, 'activate' FROM activated_title) GROUP BY ALL
    UNION ALL
    SELECT collection, NULL, NULL, 'unchanged', count(*) FROM title_result WHERE action = 'unchanged' GROUP BY ALL
), of_profile AS (
    SELECT collection, profile, NULL AS "group", 'rows: ' || outcome AS counter, count(*) AS value
    FROM staged_row_result GROUP BY ALL
), of_group AS (
    SELECT t.collection, NULL AS profile, unnest(a.available_for) AS "group", t.action AS counter
    FROM title_result AS t JOIN granted_title AS g USING (title_key) JOIN availability AS a USING (profiles)
    WHERE NOT a.available_for_all AND t.action NOT IN ('keep', 'multiple matches')
)
FROM of_collection
UNION ALL FROM of_profile
UNION ALL SELECT collection, profile, "group", counter, count(*) FROM of_group GROUP BY ALL
UNION ALL SELECT collection, NULL, NULL, 'years of coverage lost', (sum(lost_days) / 365.25)::BIGINT FROM new_plan_item WHERE lost_days > 0 GROUP BY ALL
UNION ALL SELECT collection, NULL, group_lost, 'group lost', count(*) FROM (SELECT collection, unnest(groups_lost) AS group_lost FROM new_plan_item WHERE action = 'update') GROUP BY ALL
ORDER BY ALL;
