-- What became of everything that was uploaded: a record a row of the files, in their order, then one a title that the plan names
-- and no row does. Input: actions_file, actions_row (what became of each row), actions_file_row (each row as understood,
-- and as given in columns given_1, given_2 ...), actions_item, actions_portfolio, actions_collection, actions_word,
-- actions_advice, variables applied_at, noted_open_access, not_used. Output: actions_record and, of it, actions_not_used, both
-- numbered within the publication type.

-- 2,557 days: (7 years)
CREATE OR REPLACE TEMP MACRO years_in_words(days) AS
    CASE WHEN days > 0 THEN ' (' || regexp_replace(printf('%.1f', days / 365.25), '\.0$', '')
        || CASE WHEN round(days / 365.25, 1) = 1 THEN ' year)' ELSE ' years)' END
        ELSE '' END;

-- Why a row has no portfolio.
CREATE OR REPLACE TEMP TABLE actions_unused AS
WITH unmatched AS (
    SELECT action, file_sha256, unnest(row_numbers) AS row_number, collection, coalesce(online_identifier, print_identifier) AS identifier, reason
    FROM actions_item WHERE portfolio_id IS NULL
), of_row AS (
    SELECT f.file_no, r.row_number, u.reason
    FROM actions_row AS r JOIN actions_file AS f USING (profile)
    JOIN unmatched AS u ON u.action = r.outcome AND u.file_sha256 = f.file_sha256 AND u.row_number = r.row_number
    UNION ALL
    -- a title with several rows is reported once
    SELECT f.file_no, r.row_number, u.reason
    FROM actions_row AS r JOIN actions_file AS f USING (profile)
    JOIN actions_file_row AS v ON v.file_no = f.file_no AND v.row_number = r.row_number
    JOIN unmatched AS u ON u.action = r.outcome AND u.collection = r.collection AND u.identifier = coalesce(v.online_identifier, v.print_identifier)
    WHERE r.outcome = 'multiple matches'
)
SELECT file_no, row_number, NULL AS column_name, NULL AS value, any_value(reason) AS reason, NULL AS advice
FROM of_row GROUP BY file_no, row_number
UNION ALL
SELECT
    f.file_no, x.row_number,
    string_agg(DISTINCT x.column_name, ', ' ORDER BY x.column_name),
    string_agg(DISTINCT x.value, '; ' ORDER BY x.value),
    string_agg(DISTINCT x.message, ' ' ORDER BY x.message),
    string_agg(DISTINCT a.advice, ' ' ORDER BY a.advice)
FROM rejected_row AS x JOIN actions_file AS f USING (profile, file_sha256) LEFT JOIN actions_advice AS a USING (rule)
GROUP BY f.file_no, x.row_number;

CREATE OR REPLACE TEMP TABLE actions_record AS
WITH of_row AS (
    SELECT
        coalesce(v.publication_type, p.publication_type, c.publication_type) AS publication_type,
        CASE WHEN p.portfolio_id IS NULL THEN v.publication_title ELSE p.title END AS title,
        CASE WHEN p.portfolio_id IS NULL THEN v.print_identifier ELSE p.print_identifier END AS print_identifier,
        CASE WHEN p.portfolio_id IS NULL THEN v.online_identifier ELSE p.online_identifier END AS online_identifier,
        r.outcome AS action, p.coverage_before, p.coverage_after, i.lost, i.lost_days, v.from_date, v.until_date, p.groups_before, p.groups_after,
        p.po_line, r.collection, r.portfolio_id, r.profile,
        coalesce(
            u.reason, i.reason,
            CASE WHEN r.outcome = 'collection not active' AND r.collection IS NOT NULL
                THEN 'Electronic collection for update does not exist: ' || r.collection || '.' END,
            w.meaning
        ) || CASE WHEN v.reason = getvariable('noted_open_access') AND r.outcome <> 'excluded'
            THEN ' Its notes say open access though its access type is P.' ELSE '' END AS reason,
        u.column_name, u.value, coalesce(u.advice, w.advice) AS advice,
        f.file_name, f.file_no, r.row_number, NULL::BIGINT AS item_no, v.* LIKE 'given_%'
    FROM actions_row AS r
    JOIN actions_file AS f USING (profile)
    LEFT JOIN actions_file_row AS v ON v.file_no = f.file_no AND v.row_number = r.row_number
    LEFT JOIN actions_portfolio AS p ON p.portfolio_id = r.portfolio_id
    LEFT JOIN actions_item AS i ON i.portfolio_id = r.portfolio_id AND i.action = r.outcome
    LEFT JOIN actions_unused AS u ON u.file_no = f.file_no AND u.row_number = r.row_number
    LEFT JOIN actions_collection AS c ON c.name = r.collection
    LEFT JOIN actions_word AS w ON w.name = CASE WHEN r.outcome = 'excluded' THEN v.reason ELSE r.outcome END
), of_item AS (
    SELECT
        coalesce(p.publication_type, c.publication_type) AS publication_type, i.title, i.print_identifier, i.online_identifier, i.action,
        p.coverage_before, p.coverage_after, i.lost, i.lost_days, p.groups_before, p.groups_after, p.po_line, i.collection, i.portfolio_id,
        coalesce(i.profile, g.profile) AS profile, i.reason, f.file_name, i.item_no
    FROM actions_item AS i
    LEFT JOIN actions_portfolio AS p USING (portfolio_id)
    LEFT JOIN actions_collection AS c ON c.name = i.collection
    LEFT JOIN (SELECT DISTINCT file_sha256, file_name FROM actions_file) AS f ON f.file_sha256 = i.file_sha256
    LEFT JOIN (
        SELECT portfolio_id, string_agg(DISTINCT profile, ', ' ORDER BY profile) AS profile FROM portfolio_grant
        WHERE valid_from < getvariable('applied_at') AND (valid_to IS NULL OR valid_to >= getvariable('applied_at'))
        GROUP BY portfolio_id
    ) AS g ON g.portfolio_id = i.portfolio_id
    ANTI JOIN actions_row AS r ON r.portfolio_id = i.portfolio_id AND r.outcome = i.action
    WHERE i.portfolio_id IS NOT NULL OR (SELECT count(*) = 0 FROM actions_row)
), record AS (
    FROM of_row UNION ALL BY NAME FROM of_item
)
SELECT
    row_number() OVER (PARTITION BY kind ORDER BY file_no NULLS LAST, row_number, item_no) AS line,
    * REPLACE (
        -- KBART states no coverage of a book: all of it is there
        CASE WHEN kind = 'monograph' THEN replace(coverage_before, 'not stated - now', 'whole book') ELSE coverage_before END AS coverage_before,
        CASE WHEN kind = 'monograph' THEN replace(coverage_after, 'not stated - now', 'whole book') ELSE coverage_after END AS coverage_after,
        lost || years_in_words(lost_days) AS lost
    )
FROM (SELECT *, CASE WHEN publication_type = 'monograph' THEN 'monograph' ELSE 'serial' END AS kind FROM record)
ORDER BY kind, line;

-- Rows that grant nothing, though their title may be wanted.
CREATE OR REPLACE TEMP TABLE actions_not_used AS
SELECT
    row_number() OVER (PARTITION BY kind ORDER BY line) AS line, kind, title, print_identifier, online_identifier, action, reason, advice,
    column_name, value, collection, profile, file_name, row_number
FROM actions_record
WHERE list_contains(getvariable('not_used'), action)
ORDER BY kind, line;
