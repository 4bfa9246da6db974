-- What the files grant, and what is there, as far as the two must be compared: settled titles are left out. Input: granted_row,
-- row_outcome, granted_title, granted_statement, availability, settled_title, activated_title, portfolio_now and
-- portfolio_value. Output: compared_title, desired_title (one record a title), desired_statement (one record a coverage statement)
-- and current_portfolio.

CREATE OR REPLACE TEMP TABLE compared_title AS
SELECT * FROM granted_title
WHERE title_key NOT IN (SELECT title_key FROM settled_title) AND title_key NOT IN (SELECT title_key FROM activated_title);

-- Their rows, picked out once: they are wide, and staged with all the others.
CREATE OR REPLACE TEMP TABLE compared_row AS
FROM granted_row SEMI JOIN (FROM row_outcome SEMI JOIN compared_title USING (title_key)) AS o USING (profile_no, row_number);

CREATE OR REPLACE TEMP TABLE desired_title AS
SELECT
    o.title_key, o.collection, r.publication_type, r.publication_title AS title,
    CASE WHEN o.from_community_zone THEN o.cz_print_identifier ELSE r.print_identifier END AS print_identifier,
    CASE WHEN o.from_community_zone THEN o.cz_online_identifier ELSE r.online_identifier END AS online_identifier,
    r.title_id, coalesce(o.cz_title_url, r.title_url) AS title_url, r.publisher_name, r.first_author, r.first_editor AS editor,
    r.monograph_volume, r.monograph_edition, r.date_monograph_published_print, r.date_monograph_published_online,
    CASE WHEN t.is_paid THEN 'P' ELSE r.access_type END AS access_type,
    r.parent_publication_title_id, r.preceding_publication_title_id,
    a.available_for_all, a.available_for, a.profile_names, o.shared_identifier, o.profile_no, o.row_number
FROM row_outcome AS o
JOIN compared_title AS t USING (title_key)
JOIN compared_row AS r USING (profile_no, row_number)
JOIN availability AS a ON a.profiles = t.profiles
WHERE o.representative;

CREATE OR REPLACE TEMP TABLE desired_statement AS
SELECT
    s.title_key, s.statement_no, r.publication_title, r.print_identifier, r.online_identifier, r.title_id, r.title_url,
    r.date_first_issue_online, r.num_first_vol_online, r.num_first_issue_online, r.date_last_issue_online,
    r.num_last_vol_online, r.num_last_issue_online, r.embargo_info, r.coverage_depth, r.notes, r.access_type,
    r.from_date, r.until_date, a.available_for_all, a.available_for
FROM granted_statement AS s
SEMI JOIN compared_title USING (title_key)
JOIN compared_row AS r ON r.profile_no = s.profile_no AND r.row_number = s.row_number
JOIN availability AS a ON a.profiles = s.profiles;

CREATE OR REPLACE TEMP TABLE current_portfolio AS
SELECT * FROM portfolio_now
SEMI JOIN (FROM portfolio_value ANTI JOIN settled_title USING (portfolio_id)) AS compared USING (portfolio_id);
