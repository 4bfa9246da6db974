-- One level of continuity: titles and portfolios not linked yet that agree on {name}, where what they agree on is
-- unique among all titles and among all portfolios of the collection. Input and output: link.
INSERT INTO link
WITH open_title AS (
    SELECT title_key, collection, {title_value} AS value
    FROM desired_title ANTI JOIN link USING (title_key)
), open_portfolio AS (
    SELECT portfolio_id, collection, {portfolio_value} AS value
    FROM current_portfolio ANTI JOIN link USING (portfolio_id)
), candidate AS (
    SELECT t.title_key, p.portfolio_id, t.collection, t.value
    FROM open_title AS t JOIN open_portfolio AS p ON p.collection = t.collection AND p.value = t.value
), repeated AS (
    SELECT collection, {title_value} AS value FROM desired_title
    SEMI JOIN candidate ON candidate.collection = desired_title.collection AND candidate.value = {title_value}
    GROUP BY ALL HAVING count(*) > 1
    UNION ALL
    SELECT collection, {portfolio_value} AS value FROM current_portfolio
    SEMI JOIN candidate ON candidate.collection = current_portfolio.collection AND candidate.value = {portfolio_value}
    GROUP BY ALL HAVING count(*) > 1
)
SELECT title_key, portfolio_id, '{name}'
FROM candidate ANTI JOIN repeated USING (collection, value)
-- one to one also where the two sides of an exchange cross
QUALIFY count(*) OVER (PARTITION BY title_key) = 1 AND count(*) OVER (PARTITION BY portfolio_id) = 1;
