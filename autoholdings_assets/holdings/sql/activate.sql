-- Writes the portfolios that a plan activates without comparing; runs inside the transaction of apply.sql. Input: activated_portfolio,
-- activated_statement, activated_availability (as staged), granted_row, grant_of_profile, variables run_id, now.
INSERT INTO portfolio_version BY NAME
SELECT
    a.portfolio_id, a.collection, r.publication_title AS title,
    CASE WHEN a.from_community_zone THEN a.cz_print_identifier ELSE r.print_identifier END AS print_identifier,
    CASE WHEN a.from_community_zone THEN a.cz_online_identifier ELSE r.online_identifier END AS online_identifier,
    r.title_id, r.publication_type, coalesce(a.cz_title_url, r.title_url) AS title_url, r.publisher_name, r.first_author,
    r.first_editor AS editor, r.monograph_volume, r.monograph_edition, r.date_monograph_published_print, r.date_monograph_published_online,
    CASE WHEN a.is_paid THEN 'P' ELSE r.access_type END AS access_type, r.parent_publication_title_id, r.preceding_publication_title_id,
    'available' AS availability, v.available_for_all, v.available_for, getvariable('now') AS activated_at,
    getvariable('now') AS valid_from, getvariable('run_id') AS run_id
FROM activated_portfolio AS a
JOIN activated_availability AS v USING (availability_no)
JOIN grant_of_profile AS g USING (profile)
JOIN granted_row AS r ON r.profile_no = g.profile_no AND r.row_number = a.row_number;

INSERT INTO coverage_version BY NAME
SELECT
    s.portfolio_id, s.statement_no, r.publication_title, r.print_identifier, r.online_identifier, r.title_id, r.title_url,
    r.date_first_issue_online, r.num_first_vol_online, r.num_first_issue_online, r.date_last_issue_online, r.num_last_vol_online,
    r.num_last_issue_online, r.embargo_info, r.coverage_depth, r.notes, r.access_type, r.from_date, r.until_date,
    v.available_for_all, v.available_for, getvariable('now') AS valid_from, getvariable('run_id') AS run_id
FROM activated_statement AS s
JOIN activated_availability AS v USING (availability_no)
JOIN grant_of_profile AS g USING (profile)
JOIN granted_row AS r ON r.profile_no = g.profile_no AND r.row_number = s.row_number;

INSERT INTO portfolio_grant BY NAME
SELECT portfolio_id, collection, profile, getvariable('now') AS valid_from, getvariable('run_id') AS run_id
FROM (SELECT portfolio_id, collection, availability_no FROM activated_portfolio)
JOIN (SELECT availability_no, unnest(granting) AS profile FROM activated_availability) USING (availability_no);
