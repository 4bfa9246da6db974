-- What has changed of each portfolio since it was loaded into Alma, as rows of its portfolio loader, one a coverage statement. Input:
-- portfolio_version, coverage_version, acquisition_version, the table alma_since (collection, since; null where never). Output: alma_row
-- (collection, action add, update or delete, line by line the loader's columns).

CREATE OR REPLACE TEMP MACRO date_part_of(v, part) AS try_cast(split_part(v, '-', part) AS INTEGER);
-- Months of what is held back (P) or of how far back one may go (R); days make months that are no shorter, or no longer.
CREATE OR REPLACE TEMP MACRO held_back_months(v) AS
    ceil(nullif(regexp_extract(v, 'P(\d+)', 1), '')::INTEGER * CASE regexp_extract(v, 'P\d+([DMY])', 1) WHEN 'Y' THEN 12 WHEN 'M' THEN 1 ELSE 1 / 28 END)::INTEGER;
CREATE OR REPLACE TEMP MACRO rolling_months(v) AS
    floor(nullif(regexp_extract(v, 'R(\d+)', 1), '')::INTEGER * CASE regexp_extract(v, 'R\d+([DMY])', 1) WHEN 'Y' THEN 12 WHEN 'M' THEN 1 ELSE 1 / 31 END)::INTEGER;

CREATE OR REPLACE TEMP TABLE alma_row AS
WITH touched AS (
    SELECT v.portfolio_id, any_value(s.since) AS since
    FROM portfolio_version AS v JOIN alma_since AS s ON s.collection = v.collection
    LEFT JOIN coverage_version AS c ON c.portfolio_id = v.portfolio_id
    WHERE s.since IS NULL OR greatest(v.valid_from, v.valid_to, c.valid_from, c.valid_to) > s.since
    GROUP BY v.portfolio_id
), pid AS (
    SELECT portfolio_id, arg_max(portfolio_pid, valid_from) AS portfolio_pid
    FROM acquisition_version WHERE portfolio_pid IS NOT NULL GROUP BY portfolio_id
), state AS (
    SELECT v.*, NULL::TIMESTAMPTZ AS since, TRUE AS present
    FROM portfolio_version AS v JOIN touched AS t ON t.portfolio_id = v.portfolio_id
    WHERE v.valid_to IS NULL
    UNION ALL
    SELECT v.*, t.since, FALSE
    FROM portfolio_version AS v JOIN touched AS t ON t.portfolio_id = v.portfolio_id
    WHERE v.valid_from <= t.since AND (v.valid_to IS NULL OR v.valid_to > t.since)
), loader AS (
    SELECT
        s.present, s.portfolio_id, s.collection, s.publication_type = 'serial' AS is_serial, coalesce(c.statement_no, 0) AS statement_no,
        pid.portfolio_pid, s.title, s.online_identifier, s.print_identifier,
        CASE WHEN s.availability = 'available' AND (s.available_for_all OR len(s.available_for) > 0) THEN 'ACTIVE' ELSE 'INACTIVE' END AS availability,
        date_part_of(c.date_first_issue_online, 1) AS from_year, date_part_of(c.date_last_issue_online, 1) AS to_year,
        date_part_of(c.date_first_issue_online, 2) AS from_month, date_part_of(c.date_last_issue_online, 2) AS to_month,
        date_part_of(c.date_first_issue_online, 3) AS from_day, date_part_of(c.date_last_issue_online, 3) AS to_day,
        c.num_first_vol_online AS from_volume, c.num_last_vol_online AS to_volume,
        c.num_first_issue_online AS from_issue, c.num_last_issue_online AS to_issue,
        held_back_months(c.embargo_info) AS held_back, rolling_months(c.embargo_info) AS rolling,
        s.publisher_name, coalesce(s.date_monograph_published_online, s.date_monograph_published_print) AS published,
        s.title_url, coalesce(s.first_author, s.editor) AS author, array_to_string(s.available_for, '; ') AS group_names,
        c.portfolio_id IS NOT NULL AS has_coverage
    FROM state AS s
    LEFT JOIN coverage_version AS c ON c.portfolio_id = s.portfolio_id
        AND CASE WHEN s.present THEN c.valid_to IS NULL ELSE c.valid_from <= s.since AND (c.valid_to IS NULL OR c.valid_to > s.since) END
    LEFT JOIN pid ON pid.portfolio_id = s.portfolio_id
), now_row AS (
    SELECT * EXCLUDE (present) FROM loader WHERE present
), then_row AS (
    SELECT * EXCLUDE (present) FROM loader WHERE NOT present
), different AS (
    SELECT portfolio_id FROM (FROM now_row EXCEPT FROM then_row) UNION SELECT portfolio_id FROM (FROM then_row EXCEPT FROM now_row)
), acted AS (
    SELECT
        n.*,
        -- one that Alma has, by its own number, is never added a second time
        CASE WHEN n.portfolio_id IN (SELECT portfolio_id FROM then_row) OR n.portfolio_pid IS NOT NULL THEN 'update' ELSE 'add' END AS action
    FROM now_row AS n SEMI JOIN different AS d ON d.portfolio_id = n.portfolio_id
    UNION ALL
    SELECT t.*, 'delete'
    FROM then_row AS t ANTI JOIN now_row AS n ON n.portfolio_id = t.portfolio_id
    QUALIFY row_number() OVER (PARTITION BY t.portfolio_id ORDER BY t.statement_no) = 1
)
SELECT
    collection, action, portfolio_id, CASE WHEN action = 'delete' THEN NULL ELSE 'Y' END AS localized,
    CASE WHEN is_serial THEN coalesce(online_identifier, print_identifier) END AS issn,
    CASE WHEN is_serial AND online_identifier IS NOT NULL THEN print_identifier END AS other_issn,
    CASE WHEN NOT is_serial THEN coalesce(online_identifier, print_identifier) END AS isbn,
    CASE WHEN NOT is_serial AND online_identifier IS NOT NULL THEN print_identifier END AS other_isbn,
    portfolio_pid, title, from_year, to_year, from_month, to_month, from_day, to_day, from_volume, to_volume, from_issue, to_issue,
    -- the loader takes one of the two: what is held back counts more than how far back one may go
    CASE WHEN held_back IS NOT NULL THEN '>' WHEN rolling IS NOT NULL THEN '<' END AS embargo_operator,
    coalesce(held_back, rolling) // 12 AS embargo_years, coalesce(held_back, rolling) % 12 AS embargo_months,
    availability, publisher_name, published, title_url, author, CASE WHEN is_serial THEN 'JOURNAL' ELSE 'BOOK' END AS material,
    group_names, CASE WHEN has_coverage THEN 'Only local' END AS coverage_statement,
    held_back IS NOT NULL AND rolling IS NOT NULL AS says_too_little,
    row_number() OVER (PARTITION BY collection, action ORDER BY lower(title), portfolio_id, statement_no) AS line
FROM acted
-- one that readers never had is nothing to Alma
WHERE action <> 'add' OR availability = 'ACTIVE';
