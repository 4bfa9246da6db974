-- Rows that could not be read never remove or change a portfolio (rule A4). Input: unreadable, current_portfolio,
-- collection_state. Output: frozen (portfolios that such a row may mean) and
-- suspended (profile and collection in which such a row names nothing, so that any missing title may be the one).
-- A shifted row has other things in the cells of identifiers: only what is formed like an ISSN or ISBN is one.
CREATE OR REPLACE TEMP MACRO is_identifier(value) AS
    regexp_full_match(value, '\d{4}-\d{3}[\dXx]|97[89]\d{10}|\d{9}[\dXx]');

CREATE OR REPLACE TEMP TABLE unreadable_may_mean AS
WITH named AS (
    SELECT u.profile_no, u.row_number, p.portfolio_id, 'identifier' AS agrees_on
    FROM unreadable AS u JOIN current_portfolio AS p
        ON list_contains([p.print_identifier, p.online_identifier], u.online_identifier) AND is_identifier(u.online_identifier)
    UNION
    SELECT u.profile_no, u.row_number, p.portfolio_id, 'identifier'
    FROM unreadable AS u JOIN current_portfolio AS p
        ON list_contains([p.print_identifier, p.online_identifier], u.print_identifier) AND is_identifier(u.print_identifier)
    UNION
    SELECT u.profile_no, u.row_number, p.portfolio_id, 'title_id'
    FROM unreadable AS u JOIN current_portfolio AS p ON p.title_id = u.title_id
    UNION
    SELECT u.profile_no, u.row_number, p.portfolio_id, 'title_url'
    FROM unreadable AS u JOIN current_portfolio AS p ON p.title_url = u.title_url
)
-- a title_id or URL that many titles share names none of them
SELECT DISTINCT profile_no, row_number, portfolio_id
FROM named
QUALIFY agrees_on = 'identifier' OR count(*) OVER (PARTITION BY profile_no, row_number, agrees_on) = 1;

CREATE OR REPLACE TEMP TABLE frozen AS
SELECT portfolio_id, min(profile_no) AS profile_no, list(DISTINCT row_number ORDER BY row_number) AS row_numbers
FROM unreadable_may_mean
GROUP BY portfolio_id;

CREATE OR REPLACE TEMP TABLE suspended AS
SELECT DISTINCT u.profile_no, s.collection
FROM unreadable AS u
ANTI JOIN unreadable_may_mean AS m ON m.profile_no = u.profile_no AND m.row_number = u.row_number
JOIN collection_state AS s ON s.active AND (u.collection IS NULL OR u.collection = s.collection)
WHERE NOT coalesce(is_identifier(u.online_identifier), FALSE) AND NOT coalesce(is_identifier(u.print_identifier), FALSE);
