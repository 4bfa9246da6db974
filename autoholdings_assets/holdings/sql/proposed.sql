-- What each portfolio would be after the plan. Input: desired_title, desired_statement, link, tie, frozen, suspended,
-- current_portfolio, variable first_portfolio_id. Output: proposed_portfolio, proposed_statement (whole contents).

-- A title that may be any of several portfolios is not activated, and none of these is touched.
INSERT INTO frozen
SELECT t.portfolio_id, min(d.profile_no), list(DISTINCT d.row_number ORDER BY d.row_number)
FROM tie AS t JOIN desired_title AS d USING (title_key) ANTI JOIN frozen USING (portfolio_id)
GROUP BY t.portfolio_id;

-- Where a row that names nothing could not be read, no portfolio loses anything.
INSERT INTO frozen
SELECT c.portfolio_id, min(s.profile_no), []::BIGINT[]
FROM current_portfolio AS c
JOIN suspended AS s ON s.collection = c.collection
LEFT JOIN link AS l ON l.portfolio_id = c.portfolio_id
LEFT JOIN desired_title AS d ON d.title_key = l.title_key
ANTI JOIN frozen ON frozen.portfolio_id = c.portfolio_id
WHERE d.title_key IS NULL
    OR (NOT d.available_for_all AND (c.available_for_all OR NOT list_has_all(d.available_for, c.available_for)))
GROUP BY c.portfolio_id;

CREATE OR REPLACE TEMP TABLE proposed_portfolio AS
SELECT
    coalesce(l.portfolio_id, getvariable('first_portfolio_id') + row_number() OVER (PARTITION BY l.portfolio_id IS NULL ORDER BY d.title_key) - 1) AS portfolio_id,
    l.portfolio_id IS NULL AS is_new,
    d.title_key, d.collection,
    -- the file overwrites a descriptive field only where it has a value
    coalesce(d.title, c.title) AS title,
    coalesce(d.print_identifier, c.print_identifier) AS print_identifier,
    coalesce(d.online_identifier, c.online_identifier) AS online_identifier,
    coalesce(d.title_id, c.title_id) AS title_id,
    coalesce(d.publication_type, c.publication_type) AS publication_type,
    coalesce(d.title_url, c.title_url) AS title_url,
    coalesce(d.publisher_name, c.publisher_name) AS publisher_name,
    coalesce(d.first_author, c.first_author) AS first_author,
    coalesce(d.editor, c.editor) AS editor,
    coalesce(d.monograph_volume, c.monograph_volume) AS monograph_volume,
    coalesce(d.monograph_edition, c.monograph_edition) AS monograph_edition,
    coalesce(d.date_monograph_published_print, c.date_monograph_published_print) AS date_monograph_published_print,
    coalesce(d.date_monograph_published_online, c.date_monograph_published_online) AS date_monograph_published_online,
    coalesce(d.access_type, c.access_type) AS access_type,
    coalesce(d.parent_publication_title_id, c.parent_publication_title_id) AS parent_publication_title_id,
    coalesce(d.preceding_publication_title_id, c.preceding_publication_title_id) AS preceding_publication_title_id,
    'available' AS availability, d.available_for_all, d.available_for, c.activated_at, NULL::TIMESTAMPTZ AS missing_since,
    d.profile_names, d.shared_identifier, d.profile_no, d.row_number, l.agrees_on
FROM desired_title AS d
LEFT JOIN link AS l ON l.title_key = d.title_key
LEFT JOIN current_portfolio AS c ON c.portfolio_id = l.portfolio_id
ANTI JOIN tie ON tie.title_key = d.title_key
ANTI JOIN frozen ON frozen.portfolio_id = l.portfolio_id;

CREATE OR REPLACE TEMP TABLE proposed_statement AS
SELECT p.portfolio_id, s.* EXCLUDE (title_key)
FROM desired_statement AS s JOIN proposed_portfolio AS p USING (title_key);
