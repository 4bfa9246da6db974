-- How coverage is put in words, in plans, reports and explanations.
CREATE OR REPLACE TEMP MACRO period_in_words(first_day, last_day) AS
    CASE
        WHEN month(first_day) = 1 AND day(first_day) = 1 THEN year(first_day)::VARCHAR
        WHEN day(first_day) = 1 THEN strftime(first_day, '%Y-%m')
        ELSE strftime(first_day, '%Y-%m-%d')
    END || CASE
        WHEN year(last_day) = 9999 THEN '-'
        WHEN month(last_day) = 12 AND day(last_day) = 31 AND month(first_day) = 1 AND day(first_day) = 1
            THEN CASE WHEN year(last_day) = year(first_day) THEN '' ELSE '-' || year(last_day) END
        WHEN last_day = last_day(last_day) THEN '-' || strftime(last_day, '%Y-%m')
        ELSE '-' || strftime(last_day, '%Y-%m-%d')
    END;

CREATE OR REPLACE TEMP MACRO issue_in_words(date_text, volume, issue) AS
    coalesce(nullif(concat_ws(' ', date_text, 'v.' || volume, 'no.' || issue), ''), NULL);

CREATE OR REPLACE TEMP MACRO groups_in_words(for_all, groups) AS
    CASE WHEN for_all THEN 'everyone' ELSE array_to_string(groups, ', ') END;

CREATE OR REPLACE TEMP MACRO statement_in_words(first_date, first_volume, first_issue, last_date, last_volume, last_issue, embargo, depth, access, title) AS
    coalesce(issue_in_words(first_date, first_volume, first_issue), 'not stated')
    || ' - ' || coalesce(issue_in_words(last_date, last_volume, last_issue), 'now')
    || coalesce(', embargo ' || embargo, '')
    || CASE WHEN depth IS NULL OR depth = 'fulltext' THEN '' ELSE ', ' || depth END
    || CASE WHEN access = 'F' THEN ', free' ELSE '' END
    || coalesce(' (as ' || title || ')', '');

-- The coverage of each version of portfolios, whole. ``statements`` names a relation of coverage statements with a column "version". A
-- statement's title is told where it is not the latest one's, its groups where they are not the same for all.
CREATE OR REPLACE TEMP MACRO coverage_told(statements) AS TABLE
SELECT
    portfolio_id, version,
    string_agg(
        statement_in_words(date_first_issue_online, num_first_vol_online, num_first_issue_online, date_last_issue_online,
            num_last_vol_online, num_last_issue_online, embargo_info, coverage_depth, access_type,
            CASE WHEN publication_title <> title_of_portfolio THEN publication_title END)
        || CASE WHEN several_groups THEN ' for ' || groups_in_words(available_for_all, available_for) ELSE '' END,
        '; ' ORDER BY statement_no
    ) AS coverage
FROM (
    SELECT *, last_value(publication_title) OVER w AS title_of_portfolio,
        count(DISTINCT groups_in_words(available_for_all, available_for)) OVER (PARTITION BY portfolio_id, version) > 1 AS several_groups
    FROM query_table(statements)
    WINDOW w AS (PARTITION BY portfolio_id, version ORDER BY statement_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
GROUP BY portfolio_id, version;

-- A title with what else tells a book from its other volumes and editions, in one comparable form.
CREATE OR REPLACE TEMP MACRO full_title(title, volume, edition) AS
    concat_ws('|', trim(regexp_replace(strip_accents(lower(title)), '[^\p{L}\p{N}]+', ' ', 'g')), lower(volume), lower(edition));
