-- The titles of a relation like row_outcome, by their keys alone.

-- content: the same for two plans if all that the files say of the title is the same, down to the number of its rows. Two different
-- rows of a title never cancel out, since a repeated row counts as another one; three repetitions of one may, which grant nothing.
CREATE OR REPLACE TEMP MACRO titles_of(outcomes) AS TABLE
SELECT
    title_key, bit_or(1::HUGEINT << profile_no) AS profiles,
    hash(count(*), bit_xor(hash(profile_no, collection, content, outcome))) AS content,
    -- a title is free only when all of its statements are
    bool_or(is_paid) AS is_paid
FROM query_table(outcomes) WHERE title_key IS NOT NULL
GROUP BY title_key;
