-- Titles whose result is known without comparing; see settled.py. Input: granted_title, fresh_title, touched_title, row_outcome,
-- renumbered_row, last_title (the titles of the plan that was applied last), collection_state, portfolio, portfolio_grant, variable
-- first_portfolio_id. Output: portfolio_now, number_of, portfolio_value, empty_collection, activated_title, unsettled_title (keys of
-- last_title; to be added to by unsettle.sql) and settled_title, all others of last_title.

CREATE OR REPLACE TEMP VIEW portfolio_now AS
FROM portfolio WHERE collection IN (SELECT collection FROM collection_state WHERE active);

-- What portfolios are recognised by, as numbers.
CREATE OR REPLACE TEMP MACRO number_of(value) AS CASE WHEN value IS NOT NULL THEN hash(value) END;

CREATE OR REPLACE TEMP TABLE portfolio_value AS
SELECT
    portfolio_id, number_of(online_identifier) AS online_value, number_of(print_identifier) AS print_value,
    number_of(title_id) AS title_id_value, number_of(title_url) AS title_url_value,
    CASE WHEN online_identifier IS NOT NULL THEN hash(collection, online_identifier) END AS online_in_collection,
    availability = 'available' AND missing_since IS NULL AS is_named
FROM portfolio_now;

-- Where a collection has no portfolio, every title is new. They are numbered as they come, which is cheaper than by a window's order.
CREATE OR REPLACE TEMP TABLE empty_collection AS
SELECT collection FROM collection_state
WHERE active AND collection NOT IN (SELECT DISTINCT collection FROM portfolio_version WHERE valid_to IS NULL);

CREATE OR REPLACE TEMP TABLE numbered_title AS
SELECT *, getvariable('first_portfolio_id') + row_number() OVER () - 1 AS portfolio_id
FROM (
    SELECT
        title_key, collection, profile_no, coalesce(n.row_number, o.row_id) AS row_number, shared_identifier, from_community_zone,
        cz_print_identifier, cz_online_identifier, cz_title_url
    FROM (FROM row_outcome WHERE representative AND collection IN (FROM empty_collection)) AS o
    LEFT JOIN renumbered_row AS n USING (profile_no, row_id)
    ORDER BY profile_no, row_number
);
CREATE OR REPLACE TEMP TABLE activated_title AS
SELECT n.*, t.profiles, t.is_paid, t.content FROM numbered_title AS n JOIN granted_title AS t USING (title_key);

-- A title of which the files say what they said when its portfolio was written last, as far as nothing else has touched the
-- portfolio. Only one that is known by an online identifier that nobody shares: whether another is the same portfolio as before
-- hangs on all the others that have its title, and comparing finds ties.
CREATE OR REPLACE TEMP TABLE unsettled_title AS
WITH shared AS (
    SELECT online_in_collection FROM portfolio_value
    WHERE online_in_collection IS NOT NULL GROUP BY online_in_collection HAVING count(*) > 1
), unsure AS (
    SELECT portfolio_id FROM portfolio_value WHERE online_in_collection IS NULL OR NOT is_named
    UNION ALL
    SELECT portfolio_id FROM portfolio_value SEMI JOIN shared USING (online_in_collection)
    UNION ALL
    SELECT portfolio_id FROM portfolio_grant WHERE valid_to IS NULL AND missing_since IS NOT NULL
)
SELECT title_key FROM last_title SEMI JOIN touched_title USING (title_key) ANTI JOIN fresh_title USING (title_key, content)
UNION
SELECT title_key FROM last_title WHERE portfolio_id IS NULL
UNION
SELECT title_key FROM last_title SEMI JOIN unsure USING (portfolio_id)
UNION
SELECT title_key FROM last_title SEMI JOIN activated_title USING (title_key);

CREATE OR REPLACE TEMP VIEW settled_title AS
SELECT title_key, portfolio_id, content FROM last_title ANTI JOIN unsettled_title USING (title_key);
