-- Serials of one collection that share an online ISSN, unless the vendor's data keeps such rows apart. Numbers are grouped before
-- text is looked at: hardly any repeats.
WITH own AS (
    SELECT collection, online_identifier, portfolio_id, title, hash(collection, online_identifier) AS number
    FROM portfolio
    WHERE online_identifier IS NOT NULL AND publication_type = 'serial' AND NOT getvariable('keep_apart')
        AND collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
)
SELECT collection, online_identifier, portfolio_id, title
FROM own SEMI JOIN (SELECT number FROM own GROUP BY number HAVING count(*) > 1) AS repeated USING (number)
QUALIFY count(*) OVER (PARTITION BY collection, online_identifier) > 1
ORDER BY collection, online_identifier, portfolio_id
