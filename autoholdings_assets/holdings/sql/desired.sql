-- What the files grant, and what is there. Input: granted_row, row_outcome, grant_of_profile, collection_state, portfolio.
-- Output: desired_title (one record a title), desired_statement (one record a coverage statement), current_portfolio.

-- Which groups a title or statement has for each set of profiles that grant it (one bit a profile): the union of theirs,
-- or everyone as soon as one of them is for everyone (rule A14).
CREATE OR REPLACE TEMP TABLE availability AS
WITH granting AS (
    SELECT bit_or(1::HUGEINT << profile_no) AS profiles FROM row_outcome WHERE title_key IS NOT NULL GROUP BY title_key
    UNION
    SELECT bit_or(1::HUGEINT << profile_no) FROM row_outcome WHERE title_key IS NOT NULL GROUP BY title_key, statement_no
)
SELECT
    s.profiles,
    bool_or(g.available_for_all) AS available_for_all,
    CASE WHEN bool_or(g.available_for_all) THEN [] ELSE list_sort(list_distinct(flatten(list(g.groups)))) END AS available_for,
    string_agg(g.profile, ', ' ORDER BY g.profile_no) AS profile_names
FROM granting AS s JOIN grant_of_profile AS g ON (s.profiles >> g.profile_no) & 1 = 1
GROUP BY s.profiles;

CREATE OR REPLACE TEMP TABLE desired_title AS
WITH granted AS (
    SELECT title_key, bit_or(1::HUGEINT << profile_no) AS profiles FROM row_outcome WHERE title_key IS NOT NULL GROUP BY title_key
), paid AS (
    -- a title is free only when all of its statements are
    SELECT DISTINCT o.title_key
    FROM row_outcome AS o JOIN granted_row AS r USING (profile_no, row_number)
    WHERE o.title_key IS NOT NULL AND r.access_type = 'P'
)
SELECT
    o.title_key, o.collection, r.publication_type, r.publication_title AS title,
    CASE WHEN o.from_community_zone THEN o.cz_print_identifier ELSE r.print_identifier END AS print_identifier,
    CASE WHEN o.from_community_zone THEN o.cz_online_identifier ELSE r.online_identifier END AS online_identifier,
    r.title_id, coalesce(o.cz_title_url, r.title_url) AS title_url, r.publisher_name, r.first_author, r.first_editor AS editor,
    r.monograph_volume, r.monograph_edition, r.date_monograph_published_print, r.date_monograph_published_online,
    CASE WHEN paid.title_key IS NOT NULL THEN 'P' ELSE r.access_type END AS access_type,
    r.parent_publication_title_id, r.preceding_publication_title_id,
    a.available_for_all, a.available_for, a.profile_names, o.shared_identifier, o.profile_no, o.row_number
FROM row_outcome AS o
JOIN granted_row AS r USING (profile_no, row_number)
JOIN granted AS g ON g.title_key = o.title_key
JOIN availability AS a ON a.profiles = g.profiles
LEFT JOIN paid ON paid.title_key = o.title_key
WHERE o.representative;

CREATE OR REPLACE TEMP TABLE desired_statement AS
WITH granted AS (
    SELECT title_key, statement_no, bit_or(1::HUGEINT << profile_no) AS profiles, min(profile_no) AS profile_no
    FROM row_outcome WHERE title_key IS NOT NULL GROUP BY ALL
)
SELECT
    o.title_key, o.statement_no, r.publication_title, r.print_identifier, r.online_identifier, r.title_id, r.title_url,
    r.date_first_issue_online, r.num_first_vol_online, r.num_first_issue_online, r.date_last_issue_online,
    r.num_last_vol_online, r.num_last_issue_online, r.embargo_info, r.coverage_depth, r.notes, r.access_type,
    r.from_date, r.until_date, a.available_for_all, a.available_for
FROM row_outcome AS o
JOIN granted AS g USING (title_key, statement_no, profile_no)
JOIN granted_row AS r ON r.profile_no = o.profile_no AND r.row_number = o.row_number
JOIN availability AS a ON a.profiles = g.profiles
WHERE o.outcome IS NULL;

CREATE OR REPLACE TEMP TABLE current_portfolio AS
SELECT
    portfolio_id, collection, title, print_identifier, online_identifier, title_id, title_url, monograph_volume,
    monograph_edition, po_line, available_for_all, available_for
FROM portfolio
WHERE collection IN (SELECT collection FROM collection_state WHERE active);
