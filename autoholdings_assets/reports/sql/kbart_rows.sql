-- The rows of a KBART file, one a coverage statement, sorted by title as RP-9 asks. Input: readable_portfolio, coverage,
-- the macros of kbart/strict.sql. Output: kbart_row (the line, what it lacks to be published, what was changed in it).

-- What a portfolio says of itself holds for its latest statement and for each that says the same: the Community Zone may have
-- corrected an identifier or the URL, and a file may have left out what an earlier one had. A former title keeps its own.
CREATE OR REPLACE TEMP MACRO described(is_only, own, of_latest, of_portfolio) AS
    CASE WHEN is_only OR own IS NOT DISTINCT FROM of_latest THEN coalesce(of_portfolio, own) ELSE own END;
CREATE OR REPLACE TEMP MACRO tidy(untidy, v) AS CASE WHEN untidy THEN tidied(v) ELSE v END;

CREATE OR REPLACE TEMP TABLE kbart_row AS
WITH several AS (
    SELECT portfolio_id FROM coverage GROUP BY portfolio_id HAVING count(*) > 1
), latest AS (
    SELECT c.portfolio_id, c.publication_title, c.print_identifier, c.online_identifier, c.title_id, c.title_url
    FROM coverage AS c
    SEMI JOIN several USING (portfolio_id)
    JOIN readable_portfolio AS p USING (portfolio_id)
    QUALIFY row_number() OVER (
        PARTITION BY c.portfolio_id
        -- as the merge chooses the row that a title is named after; of equals the one that it did choose
        ORDER BY c.until_date DESC NULLS FIRST, c.from_date DESC NULLS LAST, c.access_type DESC NULLS LAST,
            (c.publication_title IS NOT DISTINCT FROM p.title)::INTEGER + (c.print_identifier IS NOT DISTINCT FROM p.print_identifier)::INTEGER
            + (c.online_identifier IS NOT DISTINCT FROM p.online_identifier)::INTEGER + (c.title_id IS NOT DISTINCT FROM p.title_id)::INTEGER
            + (c.title_url IS NOT DISTINCT FROM p.title_url)::INTEGER DESC
    ) = 1
), given AS (
    SELECT
        p.portfolio_id, p.collection, c.statement_no, c.from_date, c.until_date,
        coalesce(described(l.portfolio_id IS NULL, c.publication_title, l.publication_title, p.title), p.title) AS publication_title,
        described(l.portfolio_id IS NULL, c.print_identifier, l.print_identifier, p.print_identifier) AS print_identifier,
        described(l.portfolio_id IS NULL, c.online_identifier, l.online_identifier, p.online_identifier) AS online_identifier,
        coalesce(described(l.portfolio_id IS NULL, c.title_id, l.title_id, p.title_id), p.title_id) AS title_id,
        coalesce(described(l.portfolio_id IS NULL, c.title_url, l.title_url, p.title_url), p.title_url) AS title_url,
        l.portfolio_id IS NULL OR c.publication_title IS NOT DISTINCT FROM l.publication_title AS is_current_title,
        c.date_first_issue_online, c.num_first_vol_online, c.num_first_issue_online, c.date_last_issue_online, c.num_last_vol_online,
        c.num_last_issue_online, p.first_author, c.embargo_info, c.coverage_depth, c.notes, p.publisher_name,
        CASE
            WHEN lower(p.publication_type) IN ('serial', 'monograph') THEN lower(p.publication_type)
            WHEN strict_isbn(coalesce(p.online_identifier, p.print_identifier)) IS NOT NULL THEN 'monograph'
            ELSE 'serial'
        END AS publication_type,
        p.date_monograph_published_print, p.date_monograph_published_online, p.monograph_volume, p.monograph_edition, p.editor,
        p.parent_publication_title_id, p.preceding_publication_title_id, coalesce(c.access_type, p.access_type) AS access_type
    FROM readable_portfolio AS p
    LEFT JOIN coverage AS c ON c.portfolio_id = p.portfolio_id
    LEFT JOIN latest AS l ON l.portfolio_id = p.portfolio_id
    WHERE c.portfolio_id IS NULL OR may_use(c.available_for_all, c.available_for)
), looked_at AS (
    SELECT *, is_untidy(concat(
        publication_title, ' ', title_id, ' ', title_url, ' ', num_first_vol_online, ' ', num_first_issue_online, ' ', num_last_vol_online, ' ',
        num_last_issue_online, ' ', first_author, ' ', notes, ' ', publisher_name, ' ', monograph_volume, ' ', monograph_edition, ' ', editor, ' ',
        parent_publication_title_id, ' ', preceding_publication_title_id
    )) AS untidy
    FROM given
), formed AS (
    SELECT
        * REPLACE (
            CASE WHEN NOT is_blank(publication_title) THEN tidy(untidy, publication_title) END AS publication_title,
            CASE WHEN NOT is_blank(title_id) THEN tidy(untidy, title_id) END AS title_id,
            strict_address(trim(tidy(untidy, title_url))) AS title_url
        ),
        strict_identifier(print_identifier) AS strict_print, strict_identifier(online_identifier) AS strict_online,
        strict_coverage_date(date_first_issue_online, from_date) AS first_date, strict_coverage_date(date_last_issue_online, until_date) AS last_date,
        strict_number(tidy(untidy, num_first_vol_online)) AS first_volume, strict_number(tidy(untidy, num_first_issue_online)) AS first_issue,
        strict_number(tidy(untidy, num_last_vol_online)) AS last_volume, strict_number(tidy(untidy, num_last_issue_online)) AS last_issue,
        strict_date(date_monograph_published_print) AS printed, strict_date(date_monograph_published_online) AS published,
        publication_type = 'serial' AS is_serial
    FROM looked_at
)
SELECT
    concat_ws(
        chr(9), coalesce(publication_title, ''), coalesce(strict_print, ''), coalesce(strict_online, ''), coalesce(first_date, ''), coalesce(first_volume, ''),
        coalesce(first_issue, ''), coalesce(last_date, ''), coalesce(last_volume, ''), coalesce(last_issue, ''), coalesce(title_url, ''),
        coalesce(tidy(untidy, first_author), ''), coalesce(title_id, 'portfolio-' || portfolio_id), coalesce(strict_embargo(embargo_info), ''),
        coalesce(strict_depth(coverage_depth), ''), coalesce(tidy(untidy, notes), ''), coalesce(tidy(untidy, publisher_name), ''), publication_type,
        coalesce(printed, ''), coalesce(published, ''), coalesce(tidy(untidy, monograph_volume), ''), coalesce(tidy(untidy, monograph_edition), ''),
        coalesce(tidy(untidy, editor), ''), CASE WHEN is_current_title THEN coalesce(tidy(untidy, parent_publication_title_id), '') ELSE '' END,
        CASE WHEN is_current_title THEN coalesce(tidy(untidy, preceding_publication_title_id), '') ELSE '' END,
        coalesce(strict_access(access_type), 'P')
    ) AS line,
    portfolio_id, collection,
    -- what the standard asks for and nobody but the vendor could add; a blank would promise too much, or say nothing
    CASE
        WHEN publication_title IS NULL THEN 'title'
        WHEN title_url IS NULL THEN 'address'
        WHEN is_serial AND first_date IS NULL THEN 'start'
        WHEN is_serial AND last_date IS NULL AND coalesce(date_last_issue_online, until_date::VARCHAR) IS NOT NULL THEN 'end'
        WHEN until_date < from_date THEN 'order'
        WHEN is_serial AND embargo_info IS NOT NULL AND strict_embargo(embargo_info) IS NULL THEN 'embargo'
    END AS lacks,
    (print_identifier IS NOT NULL AND strict_print IS NULL) OR (online_identifier IS NOT NULL AND strict_online IS NULL) AS identifier_blank,
    (date_monograph_published_print IS NOT NULL AND printed IS NULL) OR (date_monograph_published_online IS NOT NULL AND published IS NULL)
        OR (NOT is_serial AND (first_date IS NULL AND date_first_issue_online IS NOT NULL OR last_date IS NULL AND date_last_issue_online IS NOT NULL))
        AS date_blank,
    coverage_depth IS NOT NULL AND strict_depth(coverage_depth) IS NULL AS depth_blank,
    (num_first_vol_online IS NOT NULL AND first_volume IS NULL) OR (num_first_issue_online IS NOT NULL AND first_issue IS NULL)
        OR (num_last_vol_online IS NOT NULL AND last_volume IS NULL) OR (num_last_issue_online IS NOT NULL AND last_issue IS NULL) AS number_blank,
    title_id IS NULL AS title_id_given, strict_access(access_type) IS NULL AS taken_as_paid, untidy
FROM formed
ORDER BY lower(publication_title), portfolio_id, statement_no;
