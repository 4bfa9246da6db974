-- A serial whose coverage the file does not state keeps the coverage that is known, group by group. Input and output:
-- proposed_statement; input: current_coverage; output too: coverage_not_stated (the portfolios whose known coverage stays).

-- Statements without a start, by group; one that is there already for the group takes nothing from it.
CREATE OR REPLACE TEMP TABLE undated AS
WITH proposed AS (
    SELECT s.*, unnest(CASE WHEN s.available_for_all THEN ['*'] ELSE s.available_for END) AS inventory_group
    FROM proposed_statement AS s
    SEMI JOIN (FROM proposed_portfolio WHERE publication_type = 'serial' AND NOT is_new) AS p USING (portfolio_id)
    WHERE s.from_date IS NULL
), present AS (
    SELECT c.*, unnest(CASE WHEN c.available_for_all THEN ['*'] ELSE c.available_for END) AS inventory_group
    FROM current_coverage AS c SEMI JOIN proposed USING (portfolio_id)
    WHERE c.from_date IS NULL
)
SELECT p.portfolio_id, p.statement_no, p.inventory_group
FROM proposed AS p
WHERE NOT EXISTS (
    FROM present AS c
    WHERE c.portfolio_id = p.portfolio_id AND c.inventory_group = p.inventory_group
        AND (c.publication_title, c.print_identifier, c.online_identifier, c.title_url, c.num_first_vol_online, c.until_date, c.embargo_info, c.access_type)
        IS NOT DISTINCT FROM
        (p.publication_title, p.print_identifier, p.online_identifier, p.title_url, p.num_first_vol_online, p.until_date, p.embargo_info, p.access_type)
);

-- What is known for the same group takes its place.
CREATE OR REPLACE TEMP TABLE retained AS
WITH known AS (
    SELECT c.portfolio_id, c.statement_no AS known_no,
        unnest(CASE WHEN c.available_for_all THEN ['*'] ELSE c.available_for END) AS inventory_group
    FROM current_coverage AS c SEMI JOIN undated USING (portfolio_id)
    WHERE c.from_date IS NOT NULL
)
SELECT DISTINCT u.portfolio_id, u.statement_no, u.inventory_group, k.known_no
FROM undated AS u
JOIN known AS k ON k.portfolio_id = u.portfolio_id
    AND (k.inventory_group = u.inventory_group OR '*' IN (k.inventory_group, u.inventory_group));

CREATE OR REPLACE TEMP TABLE coverage_not_stated AS SELECT DISTINCT portfolio_id FROM retained;

CREATE OR REPLACE TEMP TABLE kept_statement AS
WITH by_group AS (
    SELECT s.* EXCLUDE (available_for_all, available_for)
    FROM (
        SELECT *, unnest(CASE WHEN available_for_all THEN ['*'] ELSE available_for END) AS inventory_group
        FROM proposed_statement SEMI JOIN coverage_not_stated USING (portfolio_id)
    ) AS s
    ANTI JOIN retained AS r ON r.portfolio_id = s.portfolio_id AND r.statement_no = s.statement_no AND r.inventory_group = s.inventory_group
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (available_for_all, available_for), r.inventory_group
    FROM current_coverage AS c JOIN retained AS r ON r.portfolio_id = c.portfolio_id AND r.known_no = c.statement_no
), statement AS (
    SELECT
        * EXCLUDE (statement_no, inventory_group),
        bool_or(inventory_group = '*') AS available_for_all,
        CASE WHEN bool_or(inventory_group = '*') THEN [] ELSE list_sort(list(DISTINCT inventory_group)) END AS available_for
    FROM by_group GROUP BY ALL
)
SELECT
    *,
    row_number() OVER (
        PARTITION BY portfolio_id
        ORDER BY
            from_date NULLS FIRST, until_date NULLS LAST, access_type, embargo_info NULLS FIRST, publication_title, title_url, notes,
            available_for_all DESC, available_for, hash(statement)  -- one order, whatever the rows' before
    ) AS statement_no
FROM statement;

DELETE FROM proposed_statement WHERE portfolio_id IN (FROM coverage_not_stated);
INSERT INTO proposed_statement BY NAME FROM kept_statement;
