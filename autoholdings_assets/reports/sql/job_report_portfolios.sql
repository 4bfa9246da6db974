-- How many portfolios each collection had at a moment, and how many of them each group could use (group: null for all of the
-- collection). Parameters: vendor, collections (further ones), groups (those of the institution), at_time.
WITH wanted AS (
    SELECT name AS collection FROM electronic_collection WHERE vendor = $vendor AND active
    UNION SELECT unnest($collections::VARCHAR[])
), present AS (
    SELECT collection, available_for_all, available_for FROM portfolio_version SEMI JOIN wanted USING (collection)
    WHERE valid_from <= $at_time AND (valid_to IS NULL OR valid_to > $at_time)
), usable AS (
    SELECT collection, unnest(CASE WHEN available_for_all THEN $groups::VARCHAR[] ELSE available_for END) AS "group" FROM present
)
SELECT w.collection, NULL AS "group", count(p.collection) AS portfolios
FROM wanted AS w LEFT JOIN present AS p ON p.collection = w.collection
GROUP BY ALL
UNION ALL
SELECT collection, "group", count(*) FROM usable GROUP BY ALL
ORDER BY ALL;
