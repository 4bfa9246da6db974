-- A new file beside the last accepted one of its profile. Input: listed_row (the rows of both: sides is 1 for one of the old file, 2 for
-- one of the new, 3 for one of both), variable one_of. Gives: rows and rows with an ISSN or ISBN of both, and how many identifiers they
-- have and share, of one of so many as the variable one_of says.
WITH listed AS MATERIALIZED (  -- numbers stand for the identifiers: there may be millions
    SELECT
        sides, status, CASE WHEN online_identifier IS NOT NULL THEN hash(online_identifier) END AS online_value,
        CASE WHEN print_identifier IS NOT NULL THEN hash(print_identifier) END AS print_value
    FROM listed_row
), identifier AS (
    SELECT sides, online_value AS value FROM listed WHERE status <> 'rejected'
    UNION ALL
    SELECT sides, print_value FROM listed WHERE status <> 'rejected'
), stated AS (
    SELECT sides, count(*) AS identifiers FROM (SELECT bit_or(sides) AS sides FROM identifier WHERE value % getvariable('one_of')::UBIGINT = 0 GROUP BY value) GROUP BY sides
), of_files AS (
    SELECT
        count(*) FILTER (sides & 1 = 1) AS old_rows, count(*) FILTER (sides & 2 = 2) AS new_rows,
        count(coalesce(online_value, print_value)) FILTER (sides & 1 = 1) AS old_rows_identified,
        count(coalesce(online_value, print_value)) FILTER (sides & 2 = 2) AS new_rows_identified
    FROM listed
)
SELECT
    of_files.*,
    (SELECT coalesce(sum(identifiers), 0)::BIGINT FROM stated WHERE sides & 1 = 1) AS old_identifiers,
    (SELECT coalesce(sum(identifiers), 0)::BIGINT FROM stated WHERE sides & 2 = 2) AS new_identifiers,
    (SELECT coalesce(sum(identifiers), 0)::BIGINT FROM stated WHERE sides = 3) AS shared_identifiers
FROM of_files;
