-- How many titles each group got, kept and lost. Parameters: plan_id (its counters do not count what a group lost as a whole),
-- groups (those of the institution), run_id, vendor.
WITH counted AS (
    SELECT unnest(counters, recursive := true) FROM plan WHERE plan_id = $plan_id
), removed AS (
    SELECT collection, unnest(groups_lost) AS "group" FROM plan_item WHERE plan_id = $plan_id AND action = 'remove'
)
SELECT "group", collection, counter, value FROM counted WHERE "group" IS NOT NULL
UNION ALL
SELECT "group", collection, 'remove', count(*) FROM removed WHERE list_contains($groups::VARCHAR[], "group") GROUP BY ALL
ORDER BY ALL;
