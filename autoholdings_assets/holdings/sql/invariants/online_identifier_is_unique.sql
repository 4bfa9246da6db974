-- Serials of one collection that share an online ISSN, unless the vendor's data keeps such rows apart.
SELECT collection, online_identifier, portfolio_id, title
FROM portfolio
WHERE online_identifier IS NOT NULL AND publication_type = 'serial' AND NOT getvariable('keep_apart')
    AND collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
QUALIFY count(*) OVER (PARTITION BY collection, online_identifier) > 1
ORDER BY collection, online_identifier, portfolio_id
