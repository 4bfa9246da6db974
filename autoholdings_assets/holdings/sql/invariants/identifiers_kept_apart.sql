-- Books of one collection that share an ISBN and are kept apart because title, volume or edition differ; and titles that share a
-- print ISSN or ISBN. A person may want to look at them.
WITH own AS (
    SELECT * FROM portfolio WHERE collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
), shared AS (
    SELECT collection, 'online' AS shared, online_identifier AS identifier, portfolio_id, title
    FROM own WHERE online_identifier IS NOT NULL AND (publication_type <> 'serial' OR getvariable('keep_apart'))
    UNION ALL
    SELECT collection, 'print', print_identifier, portfolio_id, title FROM own WHERE print_identifier IS NOT NULL
)
FROM shared
QUALIFY count(*) OVER (PARTITION BY collection, shared, identifier) > 1
ORDER BY collection, shared, identifier, portfolio_id
