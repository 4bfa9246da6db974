-- Coverage statements that begin after they end, or stand out of order within their portfolio.
WITH own AS (
    SELECT portfolio_id, portfolio_id >> 6 AS block, statement_no, from_date, until_date FROM coverage
), repeated AS (  -- blocks of 64 portfolios, as bits: hardly one has a number twice in a portfolio
    SELECT block, statement_no FROM own
    GROUP BY ALL HAVING count(*) > bit_count(bit_or(1::UBIGINT << (portfolio_id & 63)))
), suspected AS (  -- nor are there many that do not follow one that begins before
    SELECT s.portfolio_id
    FROM own AS s
    ANTI JOIN own AS b ON b.portfolio_id = s.portfolio_id AND b.statement_no = s.statement_no - 1 AND b.from_date <= s.from_date
    WHERE s.statement_no <> 1
    UNION ALL
    SELECT portfolio_id FROM own SEMI JOIN repeated USING (block, statement_no)
), out_of_order AS MATERIALIZED (
    FROM own WHERE from_date > until_date
    UNION
    SELECT * FROM own SEMI JOIN suspected USING (portfolio_id)
    WINDOW statements AS (PARTITION BY portfolio_id ORDER BY statement_no)
    QUALIFY from_date < lag(from_date IGNORE NULLS) OVER statements OR statement_no = lag(statement_no) OVER statements
), of_vendor AS MATERIALIZED (  -- by their numbers first, since titles are wide and there are hardly any
    SELECT portfolio_id FROM portfolio SEMI JOIN out_of_order USING (portfolio_id)
    WHERE collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
)
SELECT c.portfolio_id, p.title, c.statement_no, c.from_date, c.until_date
FROM out_of_order AS c JOIN (FROM portfolio SEMI JOIN of_vendor USING (portfolio_id)) AS p USING (portfolio_id)
ORDER BY c.portfolio_id, c.statement_no
