-- Some records in full: what each says of its portfolio, just before and just after the plan was applied, and of its row.
-- Input: actions_part (records), actions_item, actions_file, actions_file_row, actions_given (each row as given, in columns
-- given_1, given_2 ...), actions_word, actions_advice, variables applied_at, noted_open_access, first_row and last_row (of the
-- part: bounds spare the reading of whole files), the macros of words.sql.
-- Output: actions_told.

-- Coverage is written whole: where none of its statements changed, it is the same on both sides.
CREATE OR REPLACE TEMP VIEW actions_statement AS
SELECT *, {
    'valid_from': valid_from, 'is_before': valid_from < getvariable('applied_at'),
    'is_after': valid_to IS NULL OR valid_to > getvariable('applied_at')
} AS version
FROM coverage_version SEMI JOIN actions_part USING (portfolio_id)
WHERE valid_from <= getvariable('applied_at') AND (valid_to IS NULL OR valid_to >= getvariable('applied_at'));

CREATE OR REPLACE TEMP TABLE actions_coverage AS
SELECT
    portfolio_id, max(coverage) FILTER (version.is_before) AS coverage_before, max(coverage) FILTER (version.is_after) AS coverage_after
FROM coverage_told('actions_statement') GROUP BY portfolio_id;

-- A portfolio that is gone is shown as it was.
CREATE OR REPLACE TEMP TABLE actions_portfolio AS
WITH state AS (
    SELECT *,
        valid_from < getvariable('applied_at') AS is_before,
        valid_to IS NULL OR valid_to > getvariable('applied_at') AS is_after
    FROM portfolio_version SEMI JOIN actions_part USING (portfolio_id)
    WHERE valid_from <= getvariable('applied_at') AND (valid_to IS NULL OR valid_to >= getvariable('applied_at'))
), two_sided AS (
    SELECT
        portfolio_id, max(valid_from) AS valid_from,
        max(groups_in_words(available_for_all, available_for)) FILTER (is_before) AS groups_before,
        max(groups_in_words(available_for_all, available_for)) FILTER (is_after) AS groups_after
    FROM state GROUP BY portfolio_id
)
SELECT
    s.portfolio_id, s.title, s.print_identifier, s.online_identifier, c.coverage_before, c.coverage_after, t.groups_before, t.groups_after,
    a.po_line, g.profile
FROM state AS s
JOIN two_sided AS t USING (portfolio_id, valid_from)
LEFT JOIN actions_coverage AS c USING (portfolio_id)
LEFT JOIN (
    SELECT portfolio_id, po_line FROM acquisition_version SEMI JOIN actions_part USING (portfolio_id)
    WHERE valid_from <= getvariable('applied_at') AND (valid_to IS NULL OR valid_to > getvariable('applied_at'))
) AS a USING (portfolio_id)
LEFT JOIN (
    SELECT portfolio_id, string_agg(DISTINCT profile, ', ' ORDER BY profile) AS profile
    FROM portfolio_grant SEMI JOIN (FROM actions_part WHERE row_number IS NULL) AS p USING (portfolio_id)
    WHERE valid_from < getvariable('applied_at') AND (valid_to IS NULL OR valid_to >= getvariable('applied_at'))
    GROUP BY portfolio_id
) AS g USING (portfolio_id);

-- Why a row has no portfolio.
CREATE OR REPLACE TEMP TABLE actions_unused AS
WITH row_of_part AS (
    SELECT p.file_no, p.row_number, p.action, p.collection, f.file_sha256, coalesce(v.online_identifier, v.print_identifier) AS identifier
    FROM actions_part AS p
    JOIN actions_file AS f USING (file_no)
    LEFT JOIN actions_file_row AS v ON v.file_no = p.file_no AND v.row_number = p.row_number
    WHERE p.is_not_used
), unmatched AS (
    SELECT action, file_sha256, unnest(row_numbers) AS row_number, collection, coalesce(online_identifier, print_identifier) AS identifier, reason
    FROM actions_item WHERE portfolio_id IS NULL
), reason AS (
    SELECT r.file_no, r.row_number, u.reason
    FROM row_of_part AS r JOIN unmatched AS u USING (action, file_sha256, row_number)
    UNION ALL
    -- a title with several rows is reported once
    SELECT r.file_no, r.row_number, u.reason
    FROM row_of_part AS r JOIN unmatched AS u USING (action, collection, identifier)
    WHERE r.action = 'multiple matches'
)
SELECT file_no, row_number, NULL AS column_name, NULL AS value, any_value(reason) AS reason, NULL AS advice
FROM reason GROUP BY file_no, row_number
UNION ALL
SELECT
    r.file_no, r.row_number,
    string_agg(DISTINCT x.column_name, ', ' ORDER BY x.column_name),
    string_agg(DISTINCT x.value, '; ' ORDER BY x.value),
    string_agg(DISTINCT x.message, ' ' ORDER BY x.message),
    string_agg(DISTINCT a.advice, ' ' ORDER BY a.advice)
FROM row_of_part AS r JOIN rejected_row AS x USING (file_sha256, row_number) LEFT JOIN actions_advice AS a USING (rule)
WHERE r.action = 'rejected'
GROUP BY r.file_no, r.row_number;

-- 2,557 days: (7 years)
CREATE OR REPLACE TEMP MACRO years_in_words(days) AS
    CASE WHEN days > 0 THEN ' (' || regexp_replace(printf('%.1f', days / 365.25), '\.0$', '')
        || CASE WHEN round(days / 365.25, 1) = 1 THEN ' year)' ELSE ' years)' END
        ELSE '' END;

-- KBART states no coverage of a book: all of it is there.
CREATE OR REPLACE TEMP MACRO coverage_of_kind(coverage, kind) AS
    CASE WHEN kind = 'monograph' THEN replace(coverage, 'not stated - now', 'whole book') ELSE coverage END;

CREATE OR REPLACE TEMP TABLE actions_told AS
SELECT
    r.line, r.action, r.collection, r.portfolio_id, r.row_number,
    CASE WHEN p.portfolio_id IS NULL THEN coalesce(v.publication_title, i.title) ELSE p.title END AS title,
    CASE WHEN p.portfolio_id IS NULL THEN coalesce(v.print_identifier, i.print_identifier) ELSE p.print_identifier END AS print_identifier,
    CASE WHEN p.portfolio_id IS NULL THEN coalesce(v.online_identifier, i.online_identifier) ELSE p.online_identifier END AS online_identifier,
    coverage_of_kind(p.coverage_before, r.kind) AS coverage_before, coverage_of_kind(p.coverage_after, r.kind) AS coverage_after,
    i.lost || years_in_words(i.lost_days) AS lost, v.from_date, v.until_date, p.groups_before, p.groups_after, p.po_line,
    coalesce(f.profile, i.profile, p.profile) AS profile,
    coalesce(
        u.reason, i.reason,
        CASE WHEN r.action = 'collection not active' AND r.collection IS NOT NULL
            THEN 'Electronic collection for update does not exist: ' || r.collection || '.' END,
        w.meaning
    ) || CASE WHEN v.reason = getvariable('noted_open_access') AND r.action <> 'excluded'
        THEN ' Its notes say open access though its access type is P.' ELSE '' END AS reason,
    u.column_name, u.value, coalesce(u.advice, w.advice) AS advice,
    coalesce(f.file_name, x.file_name) AS file_name,
    g.* LIKE 'given_%'
FROM actions_part AS r
LEFT JOIN actions_portfolio AS p ON p.portfolio_id = r.portfolio_id
LEFT JOIN actions_item AS i ON i.item_no = r.item_no
LEFT JOIN actions_file AS f ON f.file_no = r.file_no
LEFT JOIN (SELECT file_sha256, any_value(file_name) AS file_name FROM actions_file GROUP BY file_sha256) AS x ON x.file_sha256 = i.file_sha256
LEFT JOIN (FROM actions_file_row WHERE row_number BETWEEN getvariable('first_row') AND getvariable('last_row')) AS v
    ON v.file_no = r.file_no AND v.row_number = r.row_number
LEFT JOIN (FROM actions_given WHERE row_number BETWEEN getvariable('first_row') AND getvariable('last_row')) AS g
    ON g.file_no = r.file_no AND g.row_number = r.row_number
LEFT JOIN actions_unused AS u ON u.file_no = r.file_no AND u.row_number = r.row_number
LEFT JOIN actions_word AS w ON w.name = CASE WHEN r.action = 'excluded' THEN v.reason ELSE r.action END;
