-- The plan in numbers. Input: new_plan_item, title_result, compared_title, compared_result, compared_row, activated_title, settled_title,
-- empty_collection, row_outcome, granted_number, grant_of_profile, granted_title, availability. Gives counter rows. Of rows whose outcome is not clear there is none.
CREATE OR REPLACE TEMP TABLE limited_title AS  -- mostly none
SELECT title_key, available_for FROM granted_title JOIN (FROM availability WHERE NOT available_for_all) USING (profiles);

-- Rows that have several records, or are in no file. Blocks of 64 rows, as bits: hardly one has such a row.
CREATE OR REPLACE TEMP TABLE unclear_row AS
WITH of_outcomes AS (
    SELECT profile_no, row_id >> 6 AS block, bit_or(1::UBIGINT << (row_id & 63)) AS ids, count(*) AS records FROM row_outcome GROUP BY ALL
), of_files AS (
    SELECT profile_no, row_id >> 6 AS block, bit_or(1::UBIGINT << (row_id & 63)) AS ids FROM granted_number GROUP BY ALL
), suspected AS (
    SELECT o.profile_no, o.block
    FROM of_outcomes AS o LEFT JOIN of_files AS f USING (profile_no, block)
    WHERE o.records > bit_count(o.ids) OR o.ids & coalesce(f.ids, 0::UBIGINT) <> o.ids
), suspected_row AS (
    SELECT o.profile_no, o.row_id
    FROM row_outcome AS o SEMI JOIN suspected AS s ON s.profile_no = o.profile_no AND s.block = o.row_id >> 6
)
FROM suspected_row GROUP BY ALL HAVING count(*) > 1
UNION
FROM suspected_row ANTI JOIN granted_number USING (profile_no, row_id);

WITH merged AS MATERIALIZED (  -- each title has one representative row
    SELECT
        collection, profile_no, outcome, title_key IS NOT NULL AS has_title, count(*) AS row_count,
        count(*) FILTER (representative) AS title_count
    FROM row_outcome ANTI JOIN unclear_row USING (profile_no, row_id) GROUP BY ALL
), all_told AS (  -- every title is settled, activated or compared
    SELECT (SELECT sum(title_count) FROM merged)
        = (SELECT count(*) FROM settled_title) + (SELECT count(*) FROM activated_title) + (SELECT count(*) FROM compared_title)
        AND (SELECT count(*) FROM compared_title) = (SELECT count(*) FROM compared_result)
        AND (SELECT count(*) FROM compared_row) = (SELECT count(*) FROM row_outcome SEMI JOIN compared_title USING (title_key)) AS holds
), compared AS (  -- null for a title without a result
    SELECT c.collection, c.profile_no, r.action, count(*) AS row_count, count(*) FILTER (c.representative) AS title_count
    FROM compared_row AS c ANTI JOIN unclear_row USING (profile_no, row_id) LEFT JOIN compared_result AS r USING (title_key)
    WHERE c.outcome IS NULL GROUP BY ALL
), not_compared AS (  -- all titles of a collection are activated, or none
    SELECT
        collection, profile_no,
        CASE WHEN (SELECT holds FROM all_told) THEN CASE WHEN collection IN (FROM empty_collection) THEN 'activate' ELSE 'unchanged' END END
            AS outcome,
        sum(row_count)::BIGINT AS row_count, sum(title_count)::BIGINT AS title_count
    FROM (
        SELECT collection, profile_no, row_count, title_count FROM merged WHERE outcome IS NULL AND has_title
        UNION ALL
        SELECT collection, profile_no, -row_count, -title_count FROM compared
    ) GROUP BY ALL
), counted AS (
    SELECT collection, profile_no, outcome, sum(row_count)::BIGINT AS row_count, sum(title_count)::BIGINT AS title_count
    FROM (
        SELECT collection, profile_no, outcome, row_count, title_count FROM merged WHERE outcome IS NOT NULL
        UNION ALL FROM compared
        UNION ALL FROM not_compared
    ) WHERE row_count > 0 GROUP BY ALL
), of_collection AS (
    SELECT collection, NULL AS profile, NULL AS "group", action AS counter, count(*) AS value
    FROM new_plan_item WHERE action <> 'activate' GROUP BY ALL
    UNION ALL
    SELECT collection, NULL, NULL, outcome, sum(title_count)::BIGINT
    FROM counted WHERE outcome IN ('activate', 'unchanged') AND title_count > 0 GROUP BY ALL
), of_profile AS (
    SELECT collection, profile, NULL AS "group", 'rows: ' || outcome AS counter, row_count AS value
    FROM counted JOIN grant_of_profile USING (profile_no) WHERE outcome IS NOT NULL
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
