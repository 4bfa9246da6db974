-- For whom titles and coverage statements are. Input: compared_row, activated_title, row_outcome, renumbered_row, last_title,
-- fresh_title, compared_title, grant_of_profile. Output: granted_statement (of titles that are compared or activated) and availability.

CREATE OR REPLACE TEMP VIEW granting_row AS
SELECT title_key, statement_no, profile_no, row_number FROM compared_row WHERE outcome IS NULL
UNION ALL BY NAME
SELECT o.title_key, o.statement_no, o.profile_no, coalesce(n.row_number, o.row_id) AS row_number
FROM (FROM row_outcome SEMI JOIN activated_title USING (title_key) WHERE outcome IS NULL) AS o
LEFT JOIN renumbered_row AS n USING (profile_no, row_id);

-- Which profiles grant each statement; the first one's row stands for it.
CREATE OR REPLACE TEMP TABLE granted_statement AS
WITH of_several AS (
    SELECT title_key FROM compared_title WHERE bit_count(profiles) > 1
    UNION ALL
    SELECT title_key FROM activated_title WHERE bit_count(profiles) > 1
)
SELECT title_key, statement_no, profile_no, row_number, 1::HUGEINT << profile_no AS profiles
FROM granting_row ANTI JOIN of_several USING (title_key)
UNION ALL
SELECT title_key, statement_no, min(profile_no), arg_min(row_number, profile_no), bit_or(1::HUGEINT << profile_no)
FROM granting_row SEMI JOIN of_several USING (title_key)
GROUP BY title_key, statement_no;

-- Which groups a title or statement has for each set of profiles that grant it (one bit a profile): the union of theirs,
-- or everyone as soon as one of them is for everyone (rule A14).
CREATE OR REPLACE TEMP TABLE availability AS
WITH granting AS (
    SELECT profiles FROM last_title UNION SELECT profiles FROM fresh_title UNION SELECT profiles FROM granted_statement
)
SELECT
    row_number() OVER (ORDER BY s.profiles) AS availability_no, s.profiles,
    bool_or(g.available_for_all) AS available_for_all,
    CASE WHEN bool_or(g.available_for_all) THEN [] ELSE list_sort(list_distinct(flatten(list(g.groups)))) END AS available_for,
    list(g.profile ORDER BY g.profile_no) AS granting,
    string_agg(g.profile, ', ' ORDER BY g.profile_no) AS profile_names
FROM granting AS s JOIN grant_of_profile AS g ON (s.profiles >> g.profile_no) & 1 = 1
GROUP BY s.profiles;
