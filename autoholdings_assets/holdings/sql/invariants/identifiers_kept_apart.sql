-- Books of one collection that share an ISBN and are kept apart because title, volume or edition differ; and titles that share a
-- print ISSN or ISBN. A person may want to look at them. Numbers are grouped before text is looked at: hardly any repeats.
WITH own AS MATERIALIZED (
    SELECT
        portfolio_id,
        CASE WHEN online_identifier IS NOT NULL AND (publication_type <> 'serial' OR getvariable('keep_apart'))
            THEN hash(collection, online_identifier) END AS online_number,
        CASE WHEN print_identifier IS NOT NULL THEN hash(collection, print_identifier) END AS print_number
    FROM portfolio WHERE collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
), suspected AS MATERIALIZED (
    SELECT 'online' AS shared, portfolio_id
    FROM own SEMI JOIN (
        SELECT online_number FROM own WHERE online_number IS NOT NULL GROUP BY online_number HAVING count(*) > 1
    ) AS o USING (online_number)
    UNION ALL
    SELECT 'print', portfolio_id
    FROM own SEMI JOIN (
        SELECT print_number FROM own WHERE print_number IS NOT NULL GROUP BY print_number HAVING count(*) > 1
    ) AS p USING (print_number)
), shared AS (
    SELECT
        collection, shared, CASE shared WHEN 'online' THEN online_identifier ELSE print_identifier END AS identifier, portfolio_id, title
    FROM suspected JOIN portfolio USING (portfolio_id)
)
FROM shared
QUALIFY count(*) OVER (PARTITION BY collection, shared, identifier) > 1
ORDER BY collection, shared, identifier, portfolio_id
