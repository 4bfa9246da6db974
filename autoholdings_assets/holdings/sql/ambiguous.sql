-- What stays unlinked though something agrees. Input: desired_title, current_portfolio, link.
-- Output: tie (a title and the portfolios it may be: nothing is guessed) and title_change (a new title and the
-- portfolio whose title_id or URL it has taken over: nothing moves from one to the other by itself).
CREATE OR REPLACE TEMP TABLE open_title AS
SELECT * FROM desired_title ANTI JOIN link USING (title_key);
CREATE OR REPLACE TEMP TABLE open_portfolio AS
SELECT * FROM current_portfolio ANTI JOIN link USING (portfolio_id);

CREATE OR REPLACE TEMP TABLE tie AS
SELECT title_key, portfolio_id
FROM (SELECT title_key, collection, unnest([online_identifier, print_identifier]) AS identifier FROM open_title)
JOIN (SELECT portfolio_id, collection, unnest([online_identifier, print_identifier]) AS identifier FROM open_portfolio)
    USING (collection, identifier)
UNION
SELECT t.title_key, p.portfolio_id FROM open_title AS t JOIN open_portfolio AS p
    ON p.collection = t.collection AND p.title_id = t.title_id
    AND full_title(p.title, p.monograph_volume, p.monograph_edition) = full_title(t.title, t.monograph_volume, t.monograph_edition)
UNION
SELECT t.title_key, p.portfolio_id FROM open_title AS t JOIN open_portfolio AS p
    ON p.collection = t.collection AND p.title_url = t.title_url
    AND full_title(p.title, p.monograph_volume, p.monograph_edition) = full_title(t.title, t.monograph_volume, t.monograph_edition);

CREATE OR REPLACE TEMP TABLE title_change AS
WITH pair AS (
    SELECT t.title_key, p.portfolio_id FROM open_title AS t JOIN open_portfolio AS p
        ON p.collection = t.collection AND p.title_id = t.title_id
    UNION
    SELECT t.title_key, p.portfolio_id FROM open_title AS t JOIN open_portfolio AS p
        ON p.collection = t.collection AND p.title_url = t.title_url
)
SELECT * FROM pair
ANTI JOIN tie USING (title_key)
ANTI JOIN (SELECT DISTINCT portfolio_id FROM tie) AS tied USING (portfolio_id);
