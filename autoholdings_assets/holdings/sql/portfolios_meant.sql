-- The portfolios that a number, an ISSN or ISBN, or a part of a title names, gone ones and former names included. Parameters: named,
-- identifier (the same, normalised), most.
WITH meant AS (
    SELECT portfolio_id FROM portfolio_version
    WHERE portfolio_id = try_cast($named AS BIGINT) OR $identifier IN (online_identifier, print_identifier)
        OR contains(lower(title), lower($named))
    UNION
    SELECT portfolio_id FROM coverage_version
    WHERE $identifier IN (online_identifier, print_identifier) OR contains(lower(publication_title), lower($named))
)
SELECT
    portfolio_id, arg_max(collection, valid_from) AS collection, arg_max(title, valid_from) AS title, bool_or(valid_to IS NULL) AS is_there
FROM portfolio_version SEMI JOIN meant USING (portfolio_id)
GROUP BY portfolio_id
ORDER BY lower(arg_max(title, valid_from)) <> lower($named), is_there DESC, portfolio_id
LIMIT $most;
