-- What a plan activates without comparing, as it is staged with the plan: which rows describe which portfolio. Input: activated_title,
-- granted_statement, availability, grant_of_profile. Output: activated_portfolio, activated_statement, activated_grant. Profiles are
-- named, since their numbers hold within one step only.
CREATE OR REPLACE TEMP VIEW activated_portfolio AS
SELECT
    t.portfolio_id, t.collection, g.profile, t.row_number, t.is_paid, t.from_community_zone, t.cz_print_identifier,
    t.cz_online_identifier, t.cz_title_url, a.available_for_all, a.available_for
FROM activated_title AS t JOIN grant_of_profile AS g USING (profile_no) JOIN availability AS a USING (profiles);

CREATE OR REPLACE TEMP VIEW activated_statement AS
SELECT t.portfolio_id, s.statement_no, g.profile, s.row_number, a.available_for_all, a.available_for
FROM granted_statement AS s
JOIN activated_title AS t USING (title_key)
JOIN grant_of_profile AS g ON g.profile_no = s.profile_no
JOIN availability AS a ON a.profiles = s.profiles;

CREATE OR REPLACE TEMP VIEW activated_grant AS
SELECT t.portfolio_id, t.collection, g.profile
FROM activated_title AS t JOIN grant_of_profile AS g ON (t.profiles >> g.profile_no) & 1 = 1;
