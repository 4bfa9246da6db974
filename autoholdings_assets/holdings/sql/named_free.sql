-- Unlinked portfolios that a file names as free content. Input: row_outcome, rows_with, current_portfolio, link. Output: named_free.
CREATE OR REPLACE TEMP TABLE free_outcome AS FROM row_outcome WHERE outcome = 'excluded';
CREATE OR REPLACE TEMP TABLE named_free AS
WITH free_row AS MATERIALIZED (
    SELECT collection, online_identifier, print_identifier, title_id, publication_title, monograph_volume, monograph_edition
    FROM rows_with('free_outcome')
), missing AS (
    SELECT * FROM current_portfolio ANTI JOIN link USING (portfolio_id)
)
SELECT portfolio_id
FROM (SELECT portfolio_id, collection, unnest([online_identifier, print_identifier]) AS identifier FROM missing)
JOIN (SELECT collection, unnest([online_identifier, print_identifier]) AS identifier FROM free_row) USING (collection, identifier)
UNION
SELECT c.portfolio_id
FROM missing AS c JOIN free_row AS f ON f.collection = c.collection AND f.title_id = c.title_id
    AND full_title(f.publication_title, f.monograph_volume, f.monograph_edition)
        = full_title(c.title, c.monograph_volume, c.monograph_edition);
