-- What tells a title from the others: the strongest thing that its row states, as a number of 128 bits (text is slow to compare).
CREATE OR REPLACE TEMP MACRO identified(relation) AS TABLE
WITH told AS (
    SELECT
        *,
        CASE
            WHEN cz_title IS NOT NULL THEN 1
            WHEN online_identifier IS NOT NULL THEN 2
            WHEN print_identifier IS NOT NULL THEN 3
            WHEN title_id IS NOT NULL THEN 4
            ELSE 5
        END AS kind,
        coalesce(cz_title::VARCHAR, online_identifier, print_identifier, title_id, title_url, '') AS value,
        CASE WHEN getvariable('keep_apart') AND publication_type = 'serial' AND cz_title IS NULL
            THEN concat_ws('|', title_id, title_url) END AS apart
    FROM query_table(relation)
)
SELECT
    profile_no,
    row_number,
    (hash(collection, publication_type, kind, value, apart)::BIT::BLOB || hash(kind, reverse(value), reverse(apart))::BIT::BLOB)::UUID
        AS identity,
    -- an ISSN, or a Community Zone title, is enough by itself; an ISBN or a title_id needs the title too
    cz_title IS NULL
        AND (publication_type <> 'serial' OR coalesce(online_identifier, print_identifier) IS NULL) AS needs_title
FROM told;
