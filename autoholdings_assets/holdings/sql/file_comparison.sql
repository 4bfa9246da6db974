-- A new file beside the last accepted one of its profile. Input: old_row, new_row (staged title lists).
-- Gives: rows and rows with an ISSN or ISBN of both, and how many identifiers they have and share.
WITH identifier AS (
    SELECT 'old' AS side, unnest([online_identifier, print_identifier]) AS value FROM old_row WHERE status <> 'rejected'
    UNION ALL
    SELECT 'new', unnest([online_identifier, print_identifier]) FROM new_row WHERE status <> 'rejected'
), stated AS (
    SELECT value, bool_or(side = 'old') AS in_old, bool_or(side = 'new') AS in_new FROM identifier WHERE value IS NOT NULL GROUP BY value
)
SELECT
    (SELECT count(*) FROM old_row) AS old_rows,
    (SELECT count(*) FROM new_row) AS new_rows,
    (SELECT count(*) FROM old_row WHERE coalesce(online_identifier, print_identifier) IS NOT NULL) AS old_rows_identified,
    (SELECT count(*) FROM new_row WHERE coalesce(online_identifier, print_identifier) IS NOT NULL) AS new_rows_identified,
    (SELECT count(*) FROM stated WHERE in_old) AS old_identifiers,
    (SELECT count(*) FROM stated WHERE in_new) AS new_identifiers,
    (SELECT count(*) FROM stated WHERE in_old AND in_new) AS shared_identifiers;
