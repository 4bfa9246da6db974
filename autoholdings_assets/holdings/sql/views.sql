-- What SQL users look at. Views and macros are made anew whenever the warehouse is opened for writing by a newer version.

CREATE OR REPLACE VIEW acquisition AS
SELECT portfolio_id, po_line, license, public_note, internal_note, portfolio_pid, valid_from AS attached_at, acted_by
FROM acquisition_version WHERE valid_to IS NULL;
COMMENT ON VIEW acquisition IS 'PO lines, licenses and staff notes attached to portfolios now';
COMMENT ON COLUMN acquisition.attached_at IS 'Since when they have been as they are';

CREATE OR REPLACE VIEW portfolio AS
SELECT
    v.portfolio_id, v.collection, v.title, v.print_identifier, v.online_identifier, v.title_id, v.publication_type, v.title_url,
    v.publisher_name, v.first_author, v.editor, v.monograph_volume, v.monograph_edition, v.date_monograph_published_print,
    v.date_monograph_published_online, v.access_type, v.parent_publication_title_id, v.preceding_publication_title_id,
    v.availability, v.available_for_all, v.available_for, a.po_line, a.license, v.activated_at, v.valid_from AS updated_at, v.missing_since
FROM portfolio_version AS v
LEFT JOIN acquisition_version AS a ON a.portfolio_id = v.portfolio_id AND a.valid_to IS NULL
WHERE v.valid_to IS NULL;
COMMENT ON VIEW portfolio IS 'The portfolios of the institution: one title of one electronic collection each';
COMMENT ON COLUMN portfolio.updated_at IS 'When it changed last';

CREATE OR REPLACE VIEW coverage AS
SELECT * EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id) FROM coverage_version WHERE valid_to IS NULL;
COMMENT ON VIEW coverage IS 'The coverage statements of the portfolios';

CREATE OR REPLACE VIEW portfolio_action AS
SELECT
    p.applied_run_id AS run_id, p.applied_at AS occurred_at, p.vendor, i.collection, i.portfolio_id, i.title, i.action, i.changes,
    i.reason, i.profile, i.file_sha256, p.applied_by AS acted_by, i.lost, i.lost_days, i.groups_lost, i.related_portfolio_ids, i.row_numbers,
    p.plan_id
FROM plan_item AS i JOIN plan AS p USING (plan_id)
WHERE p.status = 'applied' AND i.portfolio_id IS NOT NULL;
COMMENT ON VIEW portfolio_action IS 'Everything that was done to portfolios, and why; old and new value of each changed field';
COMMENT ON COLUMN portfolio_action.run_id IS 'Run that did it; null for an act of staff outside of a run';
COMMENT ON COLUMN portfolio_action.occurred_at IS 'When it was done';
COMMENT ON COLUMN portfolio_action.portfolio_id IS 'The portfolio';
COMMENT ON COLUMN portfolio_action.acted_by IS 'Who or what did it';

CREATE OR REPLACE MACRO portfolio_as_of(ts) AS TABLE
SELECT * FROM portfolio_version WHERE valid_from <= ts AND (valid_to IS NULL OR valid_to > ts);
COMMENT ON MACRO TABLE portfolio_as_of IS 'The portfolios as they were at a moment: portfolio_as_of(TIMESTAMPTZ ''2026-01-31'')';

CREATE OR REPLACE MACRO coverage_as_of(ts) AS TABLE
SELECT * FROM coverage_version WHERE valid_from <= ts AND (valid_to IS NULL OR valid_to > ts);
COMMENT ON MACRO TABLE coverage_as_of IS 'The coverage statements as they were at a moment: coverage_as_of(TIMESTAMPTZ ''2026-01-31'')';

-- What a person should look at follows from facts (portfolios, PO lines, plans that were applied) and from what people have
-- settled, so that it cannot go stale. A case is known by its attention_id; it comes up anew when its "since" does.
CREATE OR REPLACE VIEW attention AS
WITH effective AS (
    SELECT p.* FROM plan AS p
    ANTI JOIN plan AS u ON u.undoes_plan_id = p.plan_id AND u.status = 'applied'
    WHERE p.status = 'applied' AND p.kind = 'upload'
), newest AS (
    SELECT plan_id FROM effective QUALIFY row_number() OVER (PARTITION BY vendor ORDER BY applied_at DESC) = 1
), file_of AS (
    SELECT u.plan_id, string_agg(DISTINCT f.file_name, ', ' ORDER BY f.file_name) AS file_names
    FROM (SELECT plan_id, unnest(files, recursive := true) FROM effective) AS u
    JOIN kbart_file AS f ON f.profile = u.profile AND f.file_sha256 = u.file_sha256
    GROUP BY u.plan_id
), done AS (
    SELECT i.*, p.vendor, p.applied_at, p.applied_run_id, f.file_names
    FROM plan_item AS i
    JOIN effective AS p ON p.plan_id = i.plan_id
    LEFT JOIN file_of AS f ON f.plan_id = i.plan_id
    WHERE i.action IN ('keep', 'possible title change', 'multiple matches') OR len(i.groups_lost) > 0
), present AS (
    SELECT p.*, c.vendor FROM portfolio AS p LEFT JOIN electronic_collection AS c ON c.name = p.collection
), missing AS (
    SELECT
        'missing-' || p.portfolio_id AS attention_id, 'PO line, title missing' AS kind, coalesce(d.vendor, p.vendor) AS vendor, p.collection,
        p.portfolio_id, p.title, d.related_portfolio_ids, d.profile, d.file_sha256, p.missing_since AS since, d.applied_run_id AS run_id,
        coalesce(d.reason, 'No file names it any more. It has PO line ' || p.po_line || ', so it stays.')
            || ' Since ' || strftime(p.missing_since, '%Y-%m-%d') || coalesce(' (' || d.file_names || ')', '')
            || '. Keep it, detach the PO line, withdraw it, or look again later.' AS message
    FROM present AS p
    LEFT JOIN done AS d ON d.portfolio_id = p.portfolio_id AND d.action = 'keep' AND d.applied_at = p.missing_since
    WHERE p.po_line IS NOT NULL AND p.missing_since IS NOT NULL
), group_lost AS (
    SELECT
        'group-' || p.portfolio_id, 'PO line, group lost', any_value(d.vendor), p.collection, p.portfolio_id, p.title, NULL::BIGINT[],
        arg_max(d.profile, d.applied_at), arg_max(d.file_sha256, d.applied_at), max(d.applied_at), arg_max(d.applied_run_id, d.applied_at),
        'No file names it for ' || string_agg(DISTINCT d.lost_group, ', ' ORDER BY d.lost_group) || ' any more. It has PO line ' || p.po_line
            || ' and is available for ' || array_to_string(p.available_for, ', ') || '. Since ' || strftime(max(d.applied_at), '%Y-%m-%d')
            || coalesce(' (' || arg_max(d.file_names, d.applied_at) || ')', '') || '. Ask the vendor, or settle it.'
    FROM (SELECT *, unnest(groups_lost) AS lost_group FROM done WHERE action = 'update') AS d
    JOIN present AS p ON p.portfolio_id = d.portfolio_id AND p.po_line IS NOT NULL AND NOT p.available_for_all
        AND NOT list_contains(p.available_for, d.lost_group)
    SEMI JOIN acquisition_version AS a ON a.portfolio_id = d.portfolio_id AND a.po_line = p.po_line
        AND a.valid_from <= d.applied_at AND (a.valid_to IS NULL OR a.valid_to > d.applied_at)
    GROUP BY p.portfolio_id, p.collection, p.title, p.po_line, p.available_for
), waiting AS (
    -- the old side of a title change matters while something is attached to it that a person may want to move
    SELECT a.portfolio_id FROM acquisition_version AS a LEFT JOIN portfolio AS p ON p.portfolio_id = a.portfolio_id
    WHERE a.valid_to IS NULL AND (p.portfolio_id IS NULL OR p.missing_since IS NOT NULL)
), title_change AS (
    SELECT DISTINCT
        'change-' || p.portfolio_id, 'possible title change', d.vendor, p.collection, p.portfolio_id, p.title, d.related_portfolio_ids,
        d.profile, d.file_sha256, d.applied_at, d.applied_run_id, d.reason
    FROM (SELECT *, unnest(related_portfolio_ids) AS old_id FROM done WHERE action = 'possible title change') AS d
    JOIN present AS p ON p.portfolio_id = d.portfolio_id
    SEMI JOIN waiting AS w ON w.portfolio_id = d.old_id
), several AS (
    SELECT
        'match-' || left(md5(concat_ws('|', d.collection, d.title, d.online_identifier, d.print_identifier)), 8), 'multiple matches',
        any_value(d.vendor), d.collection, NULL::BIGINT, d.title, arg_max(d.related_portfolio_ids, d.applied_at),
        arg_max(d.profile, d.applied_at), arg_min(d.file_sha256, d.applied_at), min(d.applied_at), arg_min(d.applied_run_id, d.applied_at),
        arg_max(d.reason, d.applied_at)
    FROM done AS d LEFT JOIN newest AS n ON n.plan_id = d.plan_id
    WHERE d.action = 'multiple matches'
    GROUP BY d.collection, d.title, d.online_identifier, d.print_identifier
    HAVING count(n.plan_id) > 0
), found AS (
    FROM missing UNION ALL FROM group_lost UNION ALL FROM title_change UNION ALL FROM several
)
SELECT
    f.*, s.decision IS NULL OR (s.decision = 'look again' AND s.look_again_on <= current_date) AS is_open,
    s.decision, s.look_again_on, s.note, s.decided_at, s.decided_by
FROM found AS f
LEFT JOIN (
    FROM attention_settlement QUALIFY row_number() OVER (PARTITION BY attention_id ORDER BY decided_at DESC) = 1
) AS s ON s.attention_id = f.attention_id AND s.decided_at >= f.since;
COMMENT ON VIEW attention IS 'Every case that a person should look at or has settled: titles with PO lines that are missing or lost a group, possible title changes, multiple matches';
COMMENT ON COLUMN attention.attention_id IS 'The case, for `autoholdings attention settle`';
COMMENT ON COLUMN attention.kind IS 'PO line, title missing; PO line, group lost; possible title change; multiple matches';
COMMENT ON COLUMN attention.portfolio_id IS 'The portfolio, where there is one';
COMMENT ON COLUMN attention.profile IS 'Integration profile whose file it is about';
COMMENT ON COLUMN attention.related_portfolio_ids IS 'Candidates, or the other side of a possible title change';
COMMENT ON COLUMN attention.file_sha256 IS 'The file with which it began';
COMMENT ON COLUMN attention.since IS 'Since when';
COMMENT ON COLUMN attention.run_id IS 'Run with which it began';
COMMENT ON COLUMN attention.message IS 'What it is about, and what to do';
COMMENT ON COLUMN attention.is_open IS 'Whether a person should look at it now; not once it is settled, or before the day on which to look again';
COMMENT ON COLUMN attention.decision IS 'keep, detach, withdraw or look again, where a person has decided';
COMMENT ON COLUMN attention.note IS 'Why it was decided so';
COMMENT ON COLUMN attention.decided_at IS 'When it was settled';
COMMENT ON COLUMN attention.decided_by IS 'Who settled it';

CREATE OR REPLACE VIEW needs_attention AS
SELECT
    attention_id, kind, vendor, collection, portfolio_id, title, related_portfolio_ids, profile, file_sha256, since, run_id, message,
    decision, look_again_on, note
FROM attention WHERE is_open;
COMMENT ON VIEW needs_attention IS 'What a person should look at now; `autoholdings attention settle` closes a case';
COMMENT ON COLUMN needs_attention.attention_id IS 'The case, for `autoholdings attention settle`';
COMMENT ON COLUMN needs_attention.kind IS 'PO line, title missing; PO line, group lost; possible title change; multiple matches';
COMMENT ON COLUMN needs_attention.related_portfolio_ids IS 'Candidates, or the other side of a possible title change';
COMMENT ON COLUMN needs_attention.file_sha256 IS 'The file with which it began';
COMMENT ON COLUMN needs_attention.since IS 'Since when';
COMMENT ON COLUMN needs_attention.run_id IS 'Run with which it began';
COMMENT ON COLUMN needs_attention.message IS 'What it is about, and what to do';
COMMENT ON COLUMN needs_attention.decision IS 'look again, where a person put it off until now';
COMMENT ON COLUMN needs_attention.note IS 'Why it was put off';
