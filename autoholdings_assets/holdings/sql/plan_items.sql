-- The plan's items (but for activated_title's, see activated_items.sql) and the result of every title. Input: everything that
-- proposed.sql, lost_coverage.sql and changes.sql made, grant_of_profile, untitled_row,
-- settled_title, activated_title. Output: new_plan_item, compared_result, title_result, planned_portfolio, planned_statement.

-- A title that is gone because the vendor made it free is not a plain loss.
CREATE OR REPLACE TEMP TABLE became_free AS SELECT portfolio_id FROM gone SEMI JOIN named_free USING (portfolio_id);

-- A title with a PO line that no file names any more stays. Whether it stays available is the policy's to say, until a
-- person has settled it: that decision holds.
CREATE OR REPLACE TEMP TABLE missing_po_line AS
SELECT
    c.portfolio_id, c.availability AS old_availability,
    CASE WHEN s.portfolio_id IS NULL AND getvariable('po_line_portfolio_missing') = 'make_unavailable' THEN 'not available'
        ELSE c.availability END AS availability
FROM current_portfolio AS c SEMI JOIN (FROM gone WHERE has_po_line) AS g USING (portfolio_id)
LEFT JOIN (
    SELECT portfolio_id, max(decided_at) AS decided_at FROM attention_settlement
    WHERE kind = 'PO line, title missing' AND decision IN ('keep', 'withdraw') GROUP BY portfolio_id
) AS s ON s.portfolio_id = c.portfolio_id AND s.decided_at >= c.missing_since;

CREATE OR REPLACE TEMP TABLE compared_result AS
SELECT
    p.title_key, p.portfolio_id,
    CASE
        WHEN p.is_new AND t.title_key IS NOT NULL THEN 'possible title change'
        WHEN p.is_new THEN 'activate'
        WHEN x.portfolio_id IS NOT NULL OR y.portfolio_id IS NOT NULL THEN 'update'
        ELSE 'unchanged'
    END AS action
FROM proposed_portfolio AS p
LEFT JOIN (SELECT DISTINCT title_key FROM title_change) AS t ON t.title_key = p.title_key
LEFT JOIN changed_portfolio AS x ON x.portfolio_id = p.portfolio_id
LEFT JOIN changed_coverage AS y ON y.portfolio_id = p.portfolio_id
UNION ALL
SELECT l.title_key, l.portfolio_id, 'keep' FROM link AS l SEMI JOIN frozen USING (portfolio_id)
UNION ALL
SELECT DISTINCT title_key, NULL::BIGINT, 'multiple matches' FROM tie;

CREATE OR REPLACE TEMP VIEW title_result AS
FROM compared_result
UNION ALL
SELECT title_key, portfolio_id, 'unchanged' FROM settled_title
UNION ALL
SELECT title_key, portfolio_id, 'activate' FROM activated_title;

CREATE OR REPLACE TEMP TABLE new_plan_item AS
WITH related AS (
    SELECT title_key, list(DISTINCT t.portfolio_id ORDER BY t.portfolio_id) AS portfolio_ids,
        string_agg(DISTINCT '"' || c.title || '"', ', ') AS titles
    FROM (FROM title_change UNION ALL FROM tie) AS t JOIN current_portfolio AS c USING (portfolio_id)
    GROUP BY title_key
), replaced_by AS (
    SELECT t.portfolio_id, list(DISTINCT p.portfolio_id ORDER BY p.portfolio_id) AS portfolio_ids, string_agg(DISTINCT '"' || p.title || '"', ', ') AS titles
    FROM title_change AS t JOIN proposed_portfolio AS p USING (title_key)
    GROUP BY t.portfolio_id
), only_profile AS (
    SELECT CASE WHEN count(*) = 1 THEN any_value(profile) END AS profile, CASE WHEN count(*) = 1 THEN any_value(file_sha256) END AS file_sha256
    FROM grant_of_profile
), item AS (
    SELECT
        r.action, p.collection, p.portfolio_id, p.title, p.print_identifier, p.online_identifier,
        []::STRUCT(field VARCHAR, "old" VARCHAR, "new" VARCHAR)[] AS changes, NULL AS lost, 0 AS lost_days, []::VARCHAR[] AS groups_lost,
        CASE r.action
            WHEN 'possible title change' THEN 'Has the title_id or URL of ' || related.titles || ', but neither its identifiers nor its title: '
                || 'activated as a portfolio of its own, and nothing was moved to it. If it is the same title under a new name, move the PO line by hand.'
            ELSE 'Named by the file for the first time.'
        END || CASE WHEN p.shared_identifier THEN ' Its ISBN stands on other books too; they are kept apart because title, volume or edition differ.' ELSE '' END
            AS reason,
        p.profile_names AS profile, g.file_sha256, [p.row_number] AS row_numbers, coalesce(related.portfolio_ids, []) AS related_portfolio_ids
    FROM proposed_portfolio AS p
    JOIN compared_result AS r USING (title_key)
    JOIN grant_of_profile AS g ON g.profile_no = p.profile_no
    LEFT JOIN related ON related.title_key = p.title_key
    WHERE p.is_new

    UNION ALL
    SELECT
        'update', p.collection, p.portfolio_id, p.title, p.print_identifier, p.online_identifier,
        list_concat(coalesce(f.changes, []), CASE WHEN cc.portfolio_id IS NULL THEN [] ELSE [{'field': 'coverage', 'old': w_old.coverage, 'new': w_new.coverage}] END),
        lc.lost, coalesce(lc.lost_days, 0),
        CASE WHEN p.available_for_all THEN []
            ELSE list_filter(CASE WHEN c.available_for_all THEN getvariable('all_groups') ELSE c.available_for END, lambda g: NOT list_contains(p.available_for, g)) END,
        'The file states it differently.'
            || CASE WHEN p.agrees_on <> 'online identifier' THEN ' Known by its ' || p.agrees_on || '.' ELSE '' END
            || CASE WHEN n.portfolio_id IS NOT NULL THEN ' The file does not state its coverage; the known coverage stays.' ELSE '' END,
        p.profile_names, g.file_sha256, [p.row_number], []
    FROM proposed_portfolio AS p
    JOIN compared_result AS r ON r.title_key = p.title_key AND r.action = 'update'
    JOIN current_portfolio AS c ON c.portfolio_id = p.portfolio_id
    JOIN grant_of_profile AS g ON g.profile_no = p.profile_no
    LEFT JOIN field_change AS f ON f.portfolio_id = p.portfolio_id
    LEFT JOIN changed_coverage AS cc ON cc.portfolio_id = p.portfolio_id
    LEFT JOIN coverage_in_words AS w_old ON w_old.portfolio_id = p.portfolio_id AND w_old.side = 'old'
    LEFT JOIN coverage_in_words AS w_new ON w_new.portfolio_id = p.portfolio_id AND w_new.side = 'new'
    LEFT JOIN lost_coverage AS lc ON lc.portfolio_id = p.portfolio_id
    LEFT JOIN coverage_not_stated AS n ON n.portfolio_id = p.portfolio_id

    UNION ALL
    SELECT
        CASE WHEN gone.has_po_line THEN 'keep' ELSE 'remove' END, c.collection, c.portfolio_id, c.title, c.print_identifier, c.online_identifier,
        CASE WHEN m.availability <> m.old_availability THEN [{'field': 'availability', 'old': m.old_availability, 'new': m.availability}]
        WHEN gone.has_po_line THEN [] ELSE [
            {'field': 'coverage', 'old': w.coverage, 'new': NULL},
            {'field': 'available_for', 'old': groups_in_words(c.available_for_all, c.available_for), 'new': NULL}
        ] END,
        lc.lost, coalesce(lc.lost_days, 0),
        CASE WHEN gone.has_po_line THEN [] WHEN c.available_for_all THEN getvariable('all_groups') ELSE c.available_for END,
        CASE WHEN b.portfolio_id IS NOT NULL THEN 'Became free: the file names it as free content, which is maintained separately.'
            ELSE 'No file names it any more.' END
            || CASE WHEN gone.has_po_line THEN ' It has PO line ' || c.po_line || ', so it stays'
                || CASE WHEN m.availability = 'not available' THEN ', not available.' ELSE '.' END ELSE '' END
            || coalesce(' Its title_id or URL now belongs to ' || rb.titles || ': a possible title change.', ''),
        only_profile.profile, only_profile.file_sha256, []::BIGINT[], coalesce(rb.portfolio_ids, [])
    FROM gone
    JOIN current_portfolio AS c USING (portfolio_id)
    CROSS JOIN only_profile
    LEFT JOIN became_free AS b USING (portfolio_id)
    LEFT JOIN missing_po_line AS m ON m.portfolio_id = gone.portfolio_id
    LEFT JOIN coverage_in_words AS w ON w.portfolio_id = gone.portfolio_id AND w.side = 'old'
    LEFT JOIN lost_coverage AS lc ON lc.portfolio_id = gone.portfolio_id
    LEFT JOIN replaced_by AS rb ON rb.portfolio_id = gone.portfolio_id

    UNION ALL
    SELECT
        'keep', c.collection, c.portfolio_id, c.title, c.print_identifier, c.online_identifier, [], NULL, 0, [],
        CASE
            WHEN grace.portfolio_id IS NOT NULL THEN 'Missing from ' || grace.missing || '. It stays as it is until it has been missing from more than '
                || getvariable('grace_files') || ' accepted files (policy grace_files).'
            WHEN tie.portfolio_id IS NOT NULL THEN 'Several titles or portfolios may be this one; nothing was guessed, and it stays as it is.'
            WHEN len(frozen.row_numbers) > 0 THEN 'Row ' || array_to_string(frozen.row_numbers, ', ')
                || ' of the file could not be read and may mean this title; it stays as it is.'
            ELSE 'A row of the file could not be read and names no title, so that any missing title may be the one; it stays as it is.'
        END,
        g.profile, g.file_sha256, frozen.row_numbers, []
    FROM frozen
    JOIN current_portfolio AS c USING (portfolio_id)
    JOIN grant_of_profile AS g USING (profile_no)
    LEFT JOIN (SELECT DISTINCT portfolio_id FROM tie) AS tie USING (portfolio_id)
    LEFT JOIN (
        SELECT portfolio_id, string_agg(missing_files || ' accepted file' || CASE WHEN missing_files = 1 THEN '' ELSE 's' END || ' of ' || profile, ', ' ORDER BY profile) AS missing
        FROM graced GROUP BY portfolio_id
    ) AS grace USING (portfolio_id)

    UNION ALL
    SELECT
        'multiple matches', d.collection, NULL, d.title, d.print_identifier, d.online_identifier, [], NULL, 0, [],
        'May be any of several portfolios: ' || related.titles || '. Nothing was guessed: nothing is activated or changed.',
        d.profile_names, g.file_sha256, [d.row_number], related.portfolio_ids
    FROM desired_title AS d
    JOIN related USING (title_key)
    JOIN grant_of_profile AS g USING (profile_no)
    SEMI JOIN tie ON tie.title_key = d.title_key

    UNION ALL
    SELECT
        o.outcome, o.collection, NULL, o.publication_title, o.print_identifier, o.online_identifier, [], NULL, 0, [],
        CASE o.outcome WHEN 'no match' THEN 'Matches no title of the Community Zone list by ISSN or ISBN; nothing is activated.'
            ELSE 'Matches several titles of the Community Zone list: ' || o.candidates || '. Nothing was guessed: nothing is activated.' END,
        g.profile, g.file_sha256, [o.row_number], []
    FROM untitled_row AS o JOIN grant_of_profile AS g USING (profile_no)
    WHERE o.outcome <> 'rejected'
)
SELECT row_number() OVER (ORDER BY collection, action, title, portfolio_id, row_numbers) AS item_no, * FROM item;

-- What the plan writes: the whole new state of each portfolio that changes.
CREATE OR REPLACE TEMP VIEW planned_portfolio AS
SELECT
    p.portfolio_id, p.collection, p.title, p.print_identifier, p.online_identifier, p.title_id, p.publication_type, p.title_url, p.publisher_name,
    p.first_author, p.editor, p.monograph_volume, p.monograph_edition, p.date_monograph_published_print, p.date_monograph_published_online,
    p.access_type, p.parent_publication_title_id, p.preceding_publication_title_id, p.availability, p.available_for_all, p.available_for,
    p.activated_at, p.missing_since, FALSE AS is_missing,
    p.is_new OR p.portfolio_id IN (FROM changed_coverage) AS writes_coverage
FROM proposed_portfolio AS p
WHERE p.is_new OR p.portfolio_id IN (FROM changed_portfolio) OR p.portfolio_id IN (FROM changed_coverage)
UNION ALL
SELECT
    c.portfolio_id, c.collection, c.title, c.print_identifier, c.online_identifier, c.title_id, c.publication_type, c.title_url, c.publisher_name,
    c.first_author, c.editor, c.monograph_volume, c.monograph_edition, c.date_monograph_published_print, c.date_monograph_published_online,
    c.access_type, c.parent_publication_title_id, c.preceding_publication_title_id, g.availability, c.available_for_all, c.available_for,
    c.activated_at, c.missing_since, c.missing_since IS NULL, FALSE
FROM current_portfolio AS c JOIN (
    SELECT portfolio_id, availability FROM missing_po_line
    UNION ALL
    SELECT portfolio_id, availability FROM current_portfolio SEMI JOIN (FROM graced WHERE is_missing) AS graced USING (portfolio_id)
) AS g USING (portfolio_id)
WHERE c.missing_since IS NULL OR g.availability <> c.availability;

CREATE OR REPLACE TEMP VIEW planned_statement AS
SELECT s.* FROM proposed_statement AS s
SEMI JOIN (
    SELECT portfolio_id FROM proposed_portfolio WHERE is_new
    UNION ALL
    FROM changed_coverage
) AS written USING (portfolio_id);
