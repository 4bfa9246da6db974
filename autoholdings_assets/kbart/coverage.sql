-- Rows -> titles with coverage statements. Input: entitled_row. Output: merged_row. See coverage.py.

-- A title in one comparable form: no accents, no punctuation, no capitals.
CREATE OR REPLACE TEMP MACRO normalised_title(t) AS
    trim(regexp_replace(strip_accents(lower(t)), '[^\p{L}\p{N}]+', ' ', 'g'));

CREATE OR REPLACE TEMP TABLE row_identity AS FROM identified('entitled_row');

-- The title is normalised only where an identity occurs more than once: that is the costly part, and seldom needed.
CREATE OR REPLACE TEMP TABLE row_title AS
WITH repeated AS (
    SELECT identity FROM row_identity WHERE needs_title GROUP BY identity HAVING count(*) > 1
), told_apart AS (
    SELECT
        i.profile_no,
        i.row_number,
        i.identity,
        md5(concat_ws(
            '|', i.identity, normalised_title(r.publication_title),
            CASE WHEN r.publication_type <> 'serial'
                THEN coalesce(lower(r.monograph_volume), '') || '|' || coalesce(lower(r.monograph_edition), '') END
        ))::UUID AS full_identity
    FROM row_identity AS i
    JOIN repeated USING (identity)
    JOIN entitled_row AS r USING (profile_no, row_number)
    WHERE i.needs_title
), shared AS (
    SELECT identity FROM told_apart GROUP BY identity HAVING count(DISTINCT full_identity) > 1
)
SELECT
    i.profile_no, i.row_number, i.identity, coalesce(t.full_identity, i.identity) AS title_key,
    t.identity IS NOT NULL AND t.identity IN (FROM shared) AS shared_identifier
FROM row_identity AS i LEFT JOIN told_apart AS t USING (profile_no, row_number);

-- Most titles have one row and need no ordering.
CREATE OR REPLACE TEMP TABLE merged_row AS
WITH several AS (
    SELECT title_key FROM row_title GROUP BY title_key HAVING count(*) > 1
), of_several AS MATERIALIZED (
    FROM row_title SEMI JOIN several USING (title_key)
), statement AS (  -- archive and frontfile, free and paid stay apart (rule O6): rows that agree in all of content are one statement
    SELECT
        t.profile_no, t.row_number, t.identity, t.title_key, t.shared_identifier,
        r.from_date, r.until_date, r.access_type, r.embargo_info, r.publication_title,
        hash(
            r.publication_title, r.print_identifier, r.online_identifier, r.title_id, r.title_url,
            r.date_first_issue_online, r.num_first_vol_online, r.num_first_issue_online,
            r.date_last_issue_online, r.num_last_vol_online, r.num_last_issue_online,
            r.embargo_info, r.coverage_depth, r.notes, r.access_type
        ) AS content
    FROM of_several AS t
    JOIN entitled_row AS r USING (profile_no, row_number)
)
SELECT
    profile_no, row_number, identity, title_key, 1 AS statement_no,
    FALSE AS duplicate, TRUE AS representative, shared_identifier
FROM row_title ANTI JOIN several USING (title_key)
UNION ALL
SELECT
    profile_no, row_number, identity, title_key,
    -- the order does not depend on the order of the rows in the file: a file sorted anew changes nothing
    dense_rank() OVER (
        PARTITION BY title_key
        ORDER BY from_date NULLS FIRST, until_date NULLS LAST, access_type, embargo_info NULLS FIRST,
            publication_title, content
    ),
    row_number() OVER (PARTITION BY title_key, profile_no, content ORDER BY row_number) > 1,
    row_number() OVER (
        PARTITION BY title_key
        ORDER BY until_date DESC NULLS FIRST, from_date DESC NULLS LAST, access_type DESC NULLS LAST, content,
            profile_no, row_number
    ) = 1,
    shared_identifier
FROM statement;
