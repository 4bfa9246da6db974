-- The plan in numbers. Input: new_plan_item, title_result, row_result, proposed_portfolio, grant_of_profile. Gives counter rows.
WITH of_collection AS (
    SELECT collection, NULL AS profile, NULL AS "group", action AS counter, count(*) AS value
    FROM new_plan_item GROUP BY ALL
    UNION ALL
    SELECT p.collection, NULL, NULL, 'unchanged', count(*)
    FROM title_result AS t JOIN proposed_portfolio AS p USING (title_key) WHERE t.action = 'unchanged' GROUP BY ALL
), of_profile AS (
    SELECT collection, profile, NULL AS "group", 'rows: ' || outcome AS counter, count(*) AS value
    FROM row_result GROUP BY ALL
), of_group AS (
    SELECT p.collection, NULL AS profile, unnest(p.available_for) AS "group", t.action AS counter, p.portfolio_id
    FROM title_result AS t JOIN proposed_portfolio AS p USING (title_key)
    WHERE NOT p.available_for_all
)
FROM of_collection
UNION ALL FROM of_profile
UNION ALL SELECT collection, profile, "group", counter, count(*) FROM of_group GROUP BY ALL
UNION ALL SELECT collection, NULL, NULL, 'years of coverage lost', (sum(lost_days) / 365.25)::BIGINT FROM new_plan_item WHERE lost_days > 0 GROUP BY ALL
UNION ALL SELECT collection, NULL, group_lost, 'group lost', count(*) FROM (SELECT collection, unnest(groups_lost) AS group_lost FROM new_plan_item WHERE action = 'update') GROUP BY ALL
ORDER BY ALL;
