-- What librarians ask, a view a question. They hold nothing: each is worked out when it is asked, by joins on equal keys
-- only, so that a million portfolios stay a matter of seconds. Whoever asks brings the order.

CREATE OR REPLACE VIEW changed_this_week AS
SELECT
    occurred_at, vendor, collection, portfolio_id, title, action,
    nullif(array_to_string(list_transform(
        changes, lambda c: c.field || ': ' || coalesce(c."old", '(blank)') || ' -> ' || coalesce(c."new", '(blank)')), '; '), '') AS what_changed,
    lost, reason, profile, acted_by, run_id
FROM portfolio_action WHERE occurred_at > now() - INTERVAL 7 DAY;
COMMENT ON VIEW changed_this_week IS 'What changed in the last seven days, title by title, and why; portfolio_action has all that ever changed';
COMMENT ON COLUMN changed_this_week.what_changed IS 'Every field that changed, as "field: old -> new"';

CREATE OR REPLACE VIEW loss AS
WITH lasting AS (
    SELECT
        a.*, list_contains(list_transform(a.changes, lambda c: c.field || ': ' || c."new"), 'availability: not available') AS made_unavailable
    FROM portfolio_action AS a
    ANTI JOIN plan AS u ON u.undoes_plan_id = a.plan_id AND u.status = 'applied'
)
SELECT
    occurred_at,
    CASE WHEN action = 'remove' THEN 'title' WHEN len(groups_lost) > 0 THEN 'group' WHEN lost IS NOT NULL THEN 'coverage' ELSE 'availability' END AS kind,
    vendor, collection, portfolio_id, title,
    CASE WHEN action = 'remove' THEN coalesce(lost, 'the whole title') ELSE concat_ws('; ',
        CASE WHEN len(groups_lost) > 0 THEN 'not for ' || array_to_string(groups_lost, ', ') || ' any more' END,
        lost, CASE WHEN made_unavailable THEN 'not available any more' END) END AS what,
    nullif(round(lost_days / 365.25, 1), 0) AS years_lost, groups_lost, reason, profile, run_id
FROM lasting
WHERE action = 'remove' OR lost IS NOT NULL OR len(groups_lost) > 0 OR made_unavailable;
COMMENT ON VIEW loss IS 'What the library has lost: titles, years of coverage, groups, availability; without what an undo has given back';
COMMENT ON COLUMN loss.kind IS 'title (all of it), group (perhaps with years of coverage), coverage, or availability';
COMMENT ON COLUMN loss.what IS 'What was lost, in words';
COMMENT ON COLUMN loss.years_lost IS 'Years of coverage lost, up to the present';
COMMENT ON COLUMN loss.reason IS 'Why, in a sentence; a title that became free says so';

CREATE OR REPLACE VIEW po_line_attention AS
WITH meant AS (
    SELECT *, unnest(list_distinct(list_append(coalesce(related_portfolio_ids, []), portfolio_id))) AS meant_portfolio_id FROM needs_attention
)
SELECT
    m.attention_id, m.kind, m.vendor, m.collection, m.title, m.meant_portfolio_id AS portfolio_id, a.po_line, a.license, m.since, m.message
FROM meant AS m JOIN acquisition AS a ON a.portfolio_id = m.meant_portfolio_id
WHERE a.po_line IS NOT NULL;
COMMENT ON VIEW po_line_attention IS 'PO lines that a person should look at: their title is missing from the files, lost a group, or may have a new name';
COMMENT ON COLUMN po_line_attention.portfolio_id IS 'The portfolio that has the PO line';
COMMENT ON COLUMN po_line_attention.title IS 'Title of the case; for a possible title change the new one';

CREATE OR REPLACE VIEW title_overlap AS
WITH identified AS (
    SELECT portfolio_id, collection, unnest(list_distinct([online_identifier, print_identifier])) AS identifier
    FROM portfolio WHERE availability = 'available'
), pair AS (
    SELECT a.portfolio_id, b.portfolio_id AS other_portfolio_id, list_sort(list(a.identifier)) AS identifiers
    FROM identified AS a JOIN identified AS b ON b.identifier = a.identifier AND b.collection > a.collection
    GROUP BY ALL
), stretch AS (
    SELECT
        p.portfolio_id, p.other_portfolio_id, greatest(x.from_date, y.from_date) AS from_date,
        least(coalesce(x.until_date, DATE '9999-12-31'), coalesce(y.until_date, DATE '9999-12-31')) AS until_date
    FROM pair AS p
    JOIN coverage AS x ON x.portfolio_id = p.portfolio_id AND x.from_date IS NOT NULL
    JOIN coverage AS y ON y.portfolio_id = p.other_portfolio_id AND y.from_date IS NOT NULL
), in_words AS (
    SELECT
        portfolio_id, other_portfolio_id, min(from_date) AS overlap_from, nullif(max(until_date), DATE '9999-12-31') AS overlap_until,
        array_to_string(list_sort(list_distinct(list(
            year(from_date) || '-' || CASE WHEN year(until_date) = 9999 THEN '' ELSE year(until_date)::VARCHAR END))), '; ') AS overlap
    FROM stretch WHERE from_date <= until_date
    GROUP BY ALL
)
SELECT
    a.title, a.publication_type, p.identifiers, a.collection, p.portfolio_id, b.collection AS other_collection, p.other_portfolio_id,
    b.title AS other_title,
    CASE WHEN a.publication_type = 'monograph' THEN 'the whole book' ELSE w.overlap END AS overlap, w.overlap_from, w.overlap_until
FROM pair AS p
JOIN portfolio AS a ON a.portfolio_id = p.portfolio_id
JOIN portfolio AS b ON b.portfolio_id = p.other_portfolio_id
LEFT JOIN in_words AS w ON w.portfolio_id = p.portfolio_id AND w.other_portfolio_id = p.other_portfolio_id;
COMMENT ON VIEW title_overlap IS 'Titles that are available in two collections (they share an ISSN or ISBN), and the coverage that both have';
COMMENT ON COLUMN title_overlap.identifiers IS 'The ISSNs or ISBNs that both have';
COMMENT ON COLUMN title_overlap.other_collection IS 'The other electronic collection';
COMMENT ON COLUMN title_overlap.other_portfolio_id IS 'The portfolio there';
COMMENT ON COLUMN title_overlap.other_title IS 'Its title there';
COMMENT ON COLUMN title_overlap.overlap IS 'Years that both cover; null where none are, or where one of the two does not state its coverage';
COMMENT ON COLUMN title_overlap.overlap_from IS 'First day that both cover';
COMMENT ON COLUMN title_overlap.overlap_until IS 'Last day that both cover; null means up to now';

CREATE OR REPLACE VIEW embargoed_title AS
SELECT
    p.collection, p.portfolio_id, p.title, p.online_identifier, p.print_identifier, c.statement_no, c.from_date, c.until_date, c.embargo_info,
    array_to_string(list_transform(string_split(c.embargo_info, ';'), lambda part:
        CASE part[1] WHEN 'R' THEN 'only the latest ' ELSE 'all but the latest ' END
        || CASE WHEN part[2:-2] = '1' THEN '' ELSE part[2:-2] || ' ' END
        || CASE part[-1] WHEN 'D' THEN 'day' WHEN 'M' THEN 'month' ELSE 'year' END
        || CASE WHEN part[2:-2] = '1' THEN '' ELSE 's' END), ', and of these ') AS embargo
FROM portfolio AS p JOIN coverage AS c ON c.portfolio_id = p.portfolio_id
WHERE c.embargo_info IS NOT NULL;
COMMENT ON VIEW embargoed_title IS 'Titles with an embargo, statement by statement';
COMMENT ON COLUMN embargoed_title.embargo IS 'The embargo in words: which part of the coverage can be read';

CREATE OR REPLACE VIEW group_access AS
SELECT
    unnest(CASE WHEN c.available_for_all THEN ['everyone'] ELSE c.available_for END) AS group_name, p.collection, p.portfolio_id, p.title,
    p.publication_type, p.online_identifier, p.print_identifier, c.statement_no, c.from_date, c.until_date, c.embargo_info, p.title_url
FROM portfolio AS p JOIN coverage AS c ON c.portfolio_id = p.portfolio_id
WHERE p.availability = 'available';
COMMENT ON VIEW group_access IS 'Who may use what: one row a group and coverage statement; what the whole institution may use has the group everyone';
COMMENT ON COLUMN group_access.group_name IS 'The group; everyone means the whole institution';
