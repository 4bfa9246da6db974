-- What is worth a note besides the plan's items. Input: row_outcome, granted_row, grant_of_profile, variable
-- noted_open_access. Output: set_aside (rows by collection that is not active) and noted_open_access (rows by profile).
CREATE OR REPLACE TEMP TABLE set_aside AS
SELECT collection, count(*) AS row_count FROM row_outcome WHERE outcome = 'collection not active' GROUP BY collection;

CREATE OR REPLACE TEMP TABLE noted_open_access AS
SELECT
    g.profile, count(*) AS row_count,
    array_to_string(list(r.publication_title ORDER BY r.row_number)[1:5], ', ') AS first_titles
FROM granted_row AS r JOIN grant_of_profile AS g USING (profile_no)
WHERE r.status = 'valid' AND r.reason = getvariable('noted_open_access')
GROUP BY g.profile;
