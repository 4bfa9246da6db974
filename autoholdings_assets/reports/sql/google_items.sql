-- The items of Google Scholar's institutional holdings, one an ISSN of a title. Input: readable_portfolio, may_use, coverage, the macros
-- of kbart/strict.sql, variable day. Output: google_item (xml, in order of titles), google_left_out.

CREATE OR REPLACE TEMP MACRO xml(v) AS
    CASE WHEN regexp_matches(v, '[&<>\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]') THEN replace(replace(replace(
        regexp_replace(v, '[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]', '', 'g'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;')
    ELSE v END;
CREATE OR REPLACE TEMP MACRO element(name, v) AS coalesce('<' || name || '>' || v || '</' || name || '>', '');
-- A point in the run of a serial; a year alone is all of it, and numbers that are no numbers are left out.
CREATE OR REPLACE TEMP MACRO point(name, day, given_length, volume, issue) AS
    CASE WHEN day IS NULL THEN '' ELSE '<' || name || '>' || element('year', year(day)) || CASE WHEN given_length >= 7 THEN element('month', month(day)) ELSE '' END
        || element('volume', nullif(regexp_extract(volume, '^\d+$'), '')) || element('issue', nullif(regexp_extract(issue, '^\d+$'), ''))
        || '</' || name || '>' END;

-- The two parts of an embargo_info: what is held back (P), and how far back one may go (R).
CREATE OR REPLACE TEMP MACRO embargo_count(v, kind) AS nullif(regexp_extract(v, kind || '(\d+)', 1), '')::INTEGER;
CREATE OR REPLACE TEMP MACRO embargo_unit(v, kind) AS regexp_extract(v, kind || '\d+([DMY])', 1);
-- Never fewer days than the calendar makes of it, so that no link leads to an article that is still held back.
CREATE OR REPLACE TEMP MACRO days_held_back(v) AS
    embargo_count(v, 'P') * CASE embargo_unit(v, 'P') WHEN 'Y' THEN 366 WHEN 'M' THEN 31 ELSE 1 END;
-- The present calendar year (or month) is the first of those that one may go back.
CREATE OR REPLACE TEMP MACRO rolls_from(v, day) AS
    CASE embargo_unit(v, 'R')
        WHEN 'Y' THEN date_trunc('year', day) - to_years(embargo_count(v, 'R') - 1)
        WHEN 'M' THEN date_trunc('month', day) - to_months(embargo_count(v, 'R') - 1)
        WHEN 'D' THEN day - to_days(embargo_count(v, 'R'))
    END::DATE;

CREATE OR REPLACE TEMP TABLE google_statement AS
WITH serial AS (
    SELECT portfolio_id, title, print_identifier, online_identifier
    FROM readable_portfolio WHERE lower(publication_type) = 'serial'
), usable AS (
    SELECT
        p.portfolio_id, coalesce(c.publication_title, p.title) AS title, c.from_date, c.statement_no,
        CASE WHEN year(c.until_date) < 9999 THEN c.until_date END AS until_date,
        list_distinct(list_filter(
            [strict_issn(i) FOR i IN CASE WHEN coalesce(c.publication_title, p.title) = p.title
                THEN [p.online_identifier, p.print_identifier, c.online_identifier, c.print_identifier]
                ELSE [c.online_identifier, c.print_identifier, p.online_identifier] END],
            lambda i: i IS NOT NULL
        )) AS issns,
        greatest(c.from_date, rolls_from(c.embargo_info, getvariable('day'))) AS begins, days_held_back(c.embargo_info) AS days_not_available,
        length(c.date_first_issue_online) AS first_length, length(c.date_last_issue_online) AS last_length,
        c.num_first_vol_online, c.num_first_issue_online, c.num_last_vol_online, c.num_last_issue_online,
        -- a link is a promise of the full text: whatever is not certain is left out
        CASE
            WHEN c.from_date IS NULL THEN 'start'
            WHEN coalesce(c.coverage_depth, 'fulltext') <> 'fulltext' THEN 'depth'
            WHEN c.until_date IS NULL AND c.date_last_issue_online IS NOT NULL THEN 'end'
            WHEN c.embargo_info IS NOT NULL AND strict_embargo(c.embargo_info) IS NULL THEN 'embargo'
            WHEN begins > c.until_date THEN 'past'
            WHEN len(issns) = 0 THEN 'issn'
        END AS lacks
    FROM serial AS p
    LEFT JOIN coverage AS c ON c.portfolio_id = p.portfolio_id
    WHERE c.portfolio_id IS NULL OR may_use(c.available_for_all, c.available_for)
)
SELECT
    *,
    '<coverage>'
        || CASE WHEN begins = from_date THEN point('from', begins, first_length, num_first_vol_online, num_first_issue_online)
            ELSE point('from', begins, 10, NULL, NULL) END
        || point('to', until_date, last_length, num_last_vol_online, num_last_issue_online)
        || element('embargo', '<days_not_available>' || days_not_available || '</days_not_available>') || '</coverage>' AS coverage
FROM usable;

CREATE OR REPLACE TEMP TABLE google_item AS
WITH named AS (
    SELECT portfolio_id, unnest(issns) AS issn, title, begins, until_date, statement_no, coverage FROM google_statement WHERE lacks IS NULL
), item AS (
    SELECT portfolio_id, issn, arg_max(title, coalesce(until_date, DATE '9999-12-31')) AS title, string_agg(coverage, '' ORDER BY begins, statement_no) AS coverage
    FROM named GROUP BY portfolio_id, issn
)
SELECT '<item type="electronic">' || element('title', xml(title)) || element('issn', issn) || coverage || '</item>' || chr(10) AS xml
FROM item WHERE title IS NOT NULL
ORDER BY lower(title), portfolio_id, issn;

CREATE OR REPLACE TEMP TABLE google_left_out AS
SELECT coalesce(lacks, 'title') AS lacks, count(*) AS statements FROM google_statement WHERE lacks IS NOT NULL OR title IS NULL GROUP BY ALL;
