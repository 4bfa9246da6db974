-- The titles that the files grant, by their keys alone. Input: row_outcome, grant_of_profile. Output: granted_title and availability.

-- content: the same for two plans if all that the files say of the title is the same, down to the number of its rows. Two different
-- rows of a title never cancel out, since a repeated row counts as another one.
CREATE OR REPLACE TEMP TABLE granted_title AS
SELECT
    title_key, bit_or(1::HUGEINT << profile_no) AS profiles,
    hash(count(*), bit_xor(hash(profile_no, collection, content, outcome))) AS content,
    -- a title is free only when all of its statements are
    bool_or(is_paid) AS is_paid
FROM row_outcome WHERE title_key IS NOT NULL
GROUP BY title_key;

-- Which profiles grant each statement; the first one's row stands for it.
CREATE OR REPLACE TEMP TABLE granted_statement AS
SELECT title_key, statement_no, profile_no, row_number, 1::HUGEINT << profile_no AS profiles
FROM row_outcome
WHERE outcome IS NULL AND title_key NOT IN (SELECT title_key FROM granted_title WHERE bit_count(profiles) > 1)
UNION ALL
SELECT title_key, statement_no, min(profile_no), arg_min(row_number, profile_no), bit_or(1::HUGEINT << profile_no)
FROM row_outcome
WHERE outcome IS NULL AND title_key IN (SELECT title_key FROM granted_title WHERE bit_count(profiles) > 1)
GROUP BY title_key, statement_no;

-- Which groups a title or statement has for each set of profiles that grant it (one bit a profile): the union of theirs,
-- or everyone as soon as one of them is for everyone (rule A14).
CREATE OR REPLACE TEMP TABLE availability AS
WITH granting AS (
    SELECT profiles FROM granted_title UNION SELECT profiles FROM granted_statement
)
SELECT
    row_number() OVER (ORDER BY s.profiles) AS availability_no, s.profiles,
    bool_or(g.available_for_all) AS available_for_all,
    CASE WHEN bool_or(g.available_for_all) THEN [] ELSE list_sort(list_distinct(flatten(list(g.groups)))) END AS available_for,
    list(g.profile ORDER BY g.profile_no) AS granting,
    string_agg(g.profile, ', ' ORDER BY g.profile_no) AS profile_names
FROM granting AS s JOIN grant_of_profile AS g ON (s.profiles >> g.profile_no) & 1 = 1
GROUP BY s.profiles;
