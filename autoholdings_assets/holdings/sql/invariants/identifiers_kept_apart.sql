-- Books of one collection that share an ISBN and are kept apart because title, volume or edition differ; and titles that share a
-- print ISSN or ISBN. A person may want to look at them. Numbers are grouped before text is looked at: hardly any repeats.
WITH own AS (
    SELECT
        collection, portfolio_id, title, online_identifier, print_identifier,
        CASE WHEN publication_type <> 'serial' OR getvariable('keep_apart') THEN hash(collection, online_identifier) END AS online_number,
        hash(collection, print_identifier) AS print_number
    FROM portfolio WHERE collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
), shared AS (
    SELECT collection, 'online' AS shared, online_identifier AS identifier, portfolio_id, title
    FROM own
    WHERE online_identifier IS NOT NULL AND online_number IN (
        SELECT online_number FROM own WHERE online_identifier IS NOT NULL GROUP BY online_number HAVING count(*) > 1
    )
    UNION ALL
    SELECT collection, 'print', print_identifier, portfolio_id, title
    FROM own
    WHERE print_identifier IS NOT NULL AND print_number IN (
        SELECT print_number FROM own WHERE print_identifier IS NOT NULL GROUP BY print_number HAVING count(*) > 1
    )
)
FROM shared
QUALIFY count(*) OVER (PARTITION BY collection, shared, identifier) > 1
ORDER BY collection, shared, identifier, portfolio_id
