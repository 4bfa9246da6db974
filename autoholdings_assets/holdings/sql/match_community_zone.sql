-- Rows -> titles of the Community Zone. Input: fresh_row, collection_state, cz_row, variable listed_collections (those
-- that have a list). Output: cz_title (one record a Community Zone title), cz_match (one record a row of such a
-- collection) and entitled_row (the rows that grant something, with their Community Zone title).

CREATE OR REPLACE TEMP VIEW row_to_match AS
SELECT profile_no, row_number, collection, print_identifier, online_identifier
FROM fresh_row
WHERE status = 'valid' AND list_contains(getvariable('listed_collections')::VARCHAR[], collection);

-- A title list states a title once for each stretch of its coverage: rows with the same identifiers are one title.
CREATE OR REPLACE TEMP TABLE cz_title AS
WITH identified AS (
    SELECT
        *,
        concat_ws('|', collection, publication_type, 'online ' || online_identifier, 'print ' || print_identifier,
            CASE WHEN publication_type <> 'serial'
                THEN concat_ws('|', lower(publication_title), monograph_volume, monograph_edition) END) AS identity
    FROM cz_row
    WHERE coalesce(online_identifier, print_identifier) IS NOT NULL
)
SELECT
    row_number() OVER (ORDER BY identity) AS cz_title, collection, print_identifier, online_identifier, title_url, publication_title
FROM identified
QUALIFY row_number() OVER (
    PARTITION BY identity ORDER BY until_date DESC NULLS FIRST, from_date DESC NULLS LAST, row_number
) = 1;

CREATE OR REPLACE TEMP TABLE cz_match AS
WITH pair AS (
    SELECT DISTINCT collection, print_identifier, online_identifier FROM row_to_match
), candidate AS (
    -- 1: the pair agrees; 2: print with print or online with online; 3: one across
    SELECT p.*, c.cz_title, CASE WHEN p.online_identifier = c.online_identifier THEN 1 ELSE 2 END AS level
    FROM pair AS p JOIN cz_title AS c
        ON c.collection = p.collection AND c.print_identifier = p.print_identifier
    UNION
    SELECT p.*, c.cz_title, CASE WHEN p.print_identifier = c.print_identifier THEN 1 ELSE 2 END
    FROM pair AS p JOIN cz_title AS c
        ON c.collection = p.collection AND c.online_identifier = p.online_identifier
    UNION
    SELECT p.*, c.cz_title, 3
    FROM pair AS p JOIN cz_title AS c
        ON c.collection = p.collection AND c.online_identifier = p.print_identifier
    UNION
    SELECT p.*, c.cz_title, 3
    FROM pair AS p JOIN cz_title AS c
        ON c.collection = p.collection AND c.print_identifier = p.online_identifier
), strongest AS (
    SELECT * FROM candidate
    QUALIFY level = min(level) OVER (PARTITION BY collection, print_identifier, online_identifier)
), decided AS (
    SELECT collection, print_identifier, online_identifier, list(cz_title ORDER BY cz_title) AS cz_titles
    FROM strongest
    GROUP BY ALL
)
SELECT
    r.profile_no,
    r.row_number,
    CASE WHEN len(d.cz_titles) = 1 THEN d.cz_titles[1] END AS cz_title,
    CASE WHEN d.cz_titles IS NULL THEN 'no match' WHEN len(d.cz_titles) > 1 THEN 'multiple matches' END AS outcome,
    CASE WHEN len(d.cz_titles) > 1 THEN (
        SELECT string_agg(concat_ws(' ', publication_title, print_identifier, online_identifier), '; ' ORDER BY cz_title)
        FROM cz_title WHERE list_contains(d.cz_titles, cz_title.cz_title)
    ) END AS candidates
FROM row_to_match AS r
LEFT JOIN decided AS d
    ON d.collection = r.collection
    AND d.print_identifier IS NOT DISTINCT FROM r.print_identifier
    AND d.online_identifier IS NOT DISTINCT FROM r.online_identifier;

CREATE OR REPLACE TEMP VIEW entitled_row AS
SELECT r.*, z.cz_title
FROM fresh_row AS r
LEFT JOIN cz_match AS z USING (profile_no, row_number)
WHERE r.status = 'valid' AND z.outcome IS NULL AND r.collection IN (SELECT collection FROM collection_state WHERE active);
