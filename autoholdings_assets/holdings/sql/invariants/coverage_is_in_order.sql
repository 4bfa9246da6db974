-- Coverage statements that begin after they end, or stand out of order within their portfolio.
SELECT c.portfolio_id, p.title, c.statement_no, c.from_date, c.until_date
FROM coverage AS c JOIN portfolio AS p USING (portfolio_id)
WHERE p.collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
QUALIFY c.from_date > c.until_date
    OR c.from_date < lag(c.from_date IGNORE NULLS) OVER (PARTITION BY c.portfolio_id ORDER BY c.statement_no)
    OR count(*) OVER (PARTITION BY c.portfolio_id, c.statement_no) > 1
ORDER BY c.portfolio_id, c.statement_no
