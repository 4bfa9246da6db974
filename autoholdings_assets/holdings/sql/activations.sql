-- What a plan activates without comparing, as it is staged with the plan: which rows describe which portfolio, and by whom and for whom
-- they are granted. Input: activated_title, granted_statement, availability, grant_of_profile. Output: activated_portfolio,
-- activated_statement, activated_availability. Profiles are named, since their numbers hold within one step only.
CREATE OR REPLACE TEMP VIEW activated_portfolio AS
SELECT
    t.portfolio_id, t.collection, g.profile, t.row_number, t.is_paid, t.from_community_zone, t.cz_print_identifier,
    t.cz_online_identifier, t.cz_title_url, a.availability_no
FROM activated_title AS t JOIN grant_of_profile AS g USING (profile_no) JOIN availability AS a USING (profiles);

CREATE OR REPLACE TEMP VIEW activated_statement AS
SELECT t.portfolio_id, s.statement_no, g.profile, s.row_number, a.availability_no
FROM granted_statement AS s
JOIN activated_title AS t USING (title_key)
JOIN grant_of_profile AS g ON g.profile_no = s.profile_no
JOIN availability AS a ON a.profiles = s.profiles;

CREATE OR REPLACE TEMP VIEW activated_availability AS
SELECT availability_no, available_for_all, available_for, granting FROM availability;
