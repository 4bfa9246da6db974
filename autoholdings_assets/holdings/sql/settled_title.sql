-- Titles whose result is known without comparing; see settled.py. Input: granted_title, row_outcome, known_title
-- (the titles of the plan that was applied last), collection_state, portfolio, portfolio_grant, variable first_portfolio_id.
-- Output: portfolio_now, portfolio_value, activated_title and settled_title (to be narrowed by unsettle.sql).

CREATE OR REPLACE TEMP VIEW portfolio_now AS
SELECT
    portfolio_id, collection, title, print_identifier, online_identifier, title_id, title_url, monograph_volume,
    monograph_edition, po_line, available_for_all, available_for
FROM portfolio
WHERE collection IN (SELECT collection FROM collection_state WHERE active);

-- What portfolios are recognised by, as numbers.
CREATE OR REPLACE TEMP MACRO number_of(value) AS CASE WHEN value IS NOT NULL THEN hash(value) END;

CREATE OR REPLACE TEMP TABLE portfolio_value AS
SELECT
    portfolio_id, number_of(online_identifier) AS online_value, number_of(print_identifier) AS print_value,
    number_of(title_id) AS title_id_value, number_of(title_url) AS title_url_value,
    CASE WHEN online_identifier IS NOT NULL THEN hash(collection, online_identifier) END AS online_in_collection
FROM portfolio_now;

-- Where a collection has no portfolio, every title is new.
CREATE OR REPLACE TEMP TABLE activated_title AS
WITH numbered AS (  -- alone, since sorting is the dearer the more is carried along
    SELECT title_key, getvariable('first_portfolio_id') + row_number() OVER (ORDER BY profile_no, row_number) - 1 AS portfolio_id
    FROM row_outcome
    WHERE representative AND collection IN (
        SELECT collection FROM collection_state WHERE active AND collection NOT IN (SELECT collection FROM portfolio_now)
    )
)
SELECT
    n.portfolio_id, o.title_key, o.collection, o.profile_no, o.row_number, t.profiles, t.is_paid, o.shared_identifier,
    o.from_community_zone, o.cz_print_identifier, o.cz_online_identifier, o.cz_title_url
FROM numbered AS n
JOIN row_outcome AS o USING (title_key)
JOIN granted_title AS t USING (title_key)
WHERE o.representative;

-- A title of which the files say what they said when its portfolio was written last, as far as nothing else has touched the
-- portfolio. Only one that is known by an online identifier that nobody shares: whether another is the same portfolio as before
-- hangs on all the others that have its title, and comparing finds ties.
CREATE OR REPLACE TEMP TABLE settled_title AS
WITH known AS MATERIALIZED (  -- numbers first: text is dear to carry through a join
    SELECT title_key, portfolio_id FROM known_title SEMI JOIN granted_title USING (title_key, content)
), known_online AS MATERIALIZED (
    SELECT any_value(portfolio_id) AS portfolio_id FROM portfolio_value
    WHERE online_in_collection IS NOT NULL GROUP BY online_in_collection HAVING count(*) = 1
)
SELECT k.title_key, p.collection, k.portfolio_id
FROM known AS k SEMI JOIN known_online USING (portfolio_id)
JOIN portfolio AS p USING (portfolio_id)
WHERE p.availability = 'available' AND p.missing_since IS NULL
    AND k.portfolio_id NOT IN (SELECT portfolio_id FROM portfolio_grant WHERE valid_to IS NULL AND missing_since IS NOT NULL);
