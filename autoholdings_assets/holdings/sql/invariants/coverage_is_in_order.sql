-- Coverage statements that begin after they end, or stand out of order within their portfolio.
WITH own AS (
    SELECT portfolio_id, statement_no, from_date, until_date FROM coverage
), out_of_order AS (
    FROM own WHERE from_date > until_date
    UNION
    -- most portfolios have one statement and need no ordering
    SELECT * FROM own
    WHERE portfolio_id IN (SELECT portfolio_id FROM own GROUP BY portfolio_id HAVING count(*) > 1)
    WINDOW statements AS (PARTITION BY portfolio_id ORDER BY statement_no)
    QUALIFY from_date < lag(from_date IGNORE NULLS) OVER statements OR statement_no = lag(statement_no) OVER statements
)
SELECT c.portfolio_id, p.title, c.statement_no, c.from_date, c.until_date
FROM out_of_order AS c JOIN portfolio AS p USING (portfolio_id)
WHERE p.collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
ORDER BY c.portfolio_id, c.statement_no
