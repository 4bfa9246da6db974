-- What the files grant, and what is there, as far as the two must be compared. Input: compared_title, compared_row, compared_value,
-- granted_statement, availability, portfolio, coverage. Output: desired_title (one record a title), desired_statement (one record a
-- coverage statement), current_portfolio and current_coverage.

CREATE OR REPLACE TEMP TABLE desired_title AS
SELECT
    r.title_key, r.collection, r.publication_type, r.publication_title AS title,
    CASE WHEN r.from_community_zone THEN r.cz_print_identifier ELSE r.print_identifier END AS print_identifier,
    CASE WHEN r.from_community_zone THEN r.cz_online_identifier ELSE r.online_identifier END AS online_identifier,
    r.title_id, coalesce(r.cz_title_url, r.title_url) AS title_url, r.publisher_name, r.first_author, r.first_editor AS editor,
    r.monograph_volume, r.monograph_edition, r.date_monograph_published_print, r.date_monograph_published_online,
    CASE WHEN t.is_paid THEN 'P' ELSE r.access_type END AS access_type,
    r.parent_publication_title_id, r.preceding_publication_title_id,
    a.available_for_all, a.available_for, a.profile_names, r.shared_identifier, r.profile_no, r.row_number
FROM compared_row AS r
JOIN compared_title AS t USING (title_key)
JOIN availability AS a ON a.profiles = t.profiles
WHERE r.representative;

CREATE OR REPLACE TEMP TABLE desired_statement AS
SELECT
    s.title_key, s.statement_no, r.publication_title, r.print_identifier, r.online_identifier, r.title_id, r.title_url,
    r.date_first_issue_online, r.num_first_vol_online, r.num_first_issue_online, r.date_last_issue_online,
    r.num_last_vol_online, r.num_last_issue_online, r.embargo_info, r.coverage_depth, r.notes, r.access_type,
    r.from_date, r.until_date, a.available_for_all, a.available_for
FROM granted_statement AS s
JOIN compared_row AS r ON r.profile_no = s.profile_no AND r.row_number = s.row_number
JOIN availability AS a ON a.profiles = s.profiles;

-- Picked out once: they lie among all the others.
CREATE OR REPLACE TEMP TABLE current_portfolio AS FROM portfolio SEMI JOIN compared_value USING (portfolio_id);
CREATE OR REPLACE TEMP TABLE current_coverage AS FROM coverage SEMI JOIN compared_value USING (portfolio_id);
