-- A new file beside the last accepted one of its profile. Input: old_row, new_row (staged title lists).
-- Gives: rows and rows with an ISSN or ISBN of both, and how many identifiers they have and share, of one of so many as the variable
-- one_of says.
WITH identifier AS (
    -- numbers stand for the identifiers: there may be millions
    SELECT 1 AS side, hash(online_identifier) AS value FROM old_row WHERE status <> 'rejected' AND online_identifier IS NOT NULL
    UNION ALL SELECT 1, hash(print_identifier) FROM old_row WHERE status <> 'rejected' AND print_identifier IS NOT NULL
    UNION ALL SELECT 2, hash(online_identifier) FROM new_row WHERE status <> 'rejected' AND online_identifier IS NOT NULL
    UNION ALL SELECT 2, hash(print_identifier) FROM new_row WHERE status <> 'rejected' AND print_identifier IS NOT NULL
), stated AS (
    SELECT sides, count(*) AS identifiers FROM (SELECT bit_or(side) AS sides FROM identifier WHERE value % getvariable('one_of')::UBIGINT = 0 GROUP BY value) GROUP BY sides
), of_files AS (
    SELECT
        (SELECT count(*) FROM old_row) AS old_rows, (SELECT count(*) FROM new_row) AS new_rows,
        (SELECT count(coalesce(online_identifier, print_identifier)) FROM old_row) AS old_rows_identified,
        (SELECT count(coalesce(online_identifier, print_identifier)) FROM new_row) AS new_rows_identified
)
SELECT
    of_files.*,
    (SELECT coalesce(sum(identifiers), 0)::BIGINT FROM stated WHERE sides & 1 = 1) AS old_identifiers,
    (SELECT coalesce(sum(identifiers), 0)::BIGINT FROM stated WHERE sides & 2 = 2) AS new_identifiers,
    (SELECT coalesce(sum(identifiers), 0)::BIGINT FROM stated WHERE sides = 3) AS shared_identifiers
FROM of_files;
