-- What differs from what is there. Input: proposed_portfolio, proposed_statement, link, frozen, current_portfolio,
-- current_coverage.
-- Output: changed_portfolio, changed_coverage, gone.

CREATE OR REPLACE TEMP TABLE changed_portfolio AS
SELECT p.portfolio_id
FROM proposed_portfolio AS p JOIN current_portfolio AS c USING (portfolio_id)
WHERE (
    p.title, p.print_identifier, p.online_identifier, p.title_id, p.publication_type, p.title_url, p.publisher_name, p.first_author,
    p.editor, p.monograph_volume, p.monograph_edition, p.date_monograph_published_print, p.date_monograph_published_online,
    p.access_type, p.parent_publication_title_id, p.preceding_publication_title_id, p.availability, p.available_for_all,
    p.available_for, p.missing_since
) IS DISTINCT FROM (
    c.title, c.print_identifier, c.online_identifier, c.title_id, c.publication_type, c.title_url, c.publisher_name, c.first_author,
    c.editor, c.monograph_volume, c.monograph_edition, c.date_monograph_published_print, c.date_monograph_published_online,
    c.access_type, c.parent_publication_title_id, c.preceding_publication_title_id, c.availability, c.available_for_all,
    c.available_for, c.missing_since
);

CREATE OR REPLACE TEMP TABLE changed_coverage AS
WITH present AS (
    SELECT c.* FROM current_coverage AS c SEMI JOIN (FROM proposed_portfolio WHERE NOT is_new) AS p USING (portfolio_id)
), proposed AS (
    SELECT s.* FROM proposed_statement AS s SEMI JOIN (FROM proposed_portfolio WHERE NOT is_new) AS p USING (portfolio_id)
)
SELECT DISTINCT coalesce(s.portfolio_id, c.portfolio_id) AS portfolio_id
FROM proposed AS s
FULL JOIN present AS c ON c.portfolio_id = s.portfolio_id AND c.statement_no = s.statement_no
WHERE (
    s.statement_no, s.publication_title, s.print_identifier, s.online_identifier, s.title_id, s.title_url, s.date_first_issue_online,
    s.num_first_vol_online, s.num_first_issue_online, s.date_last_issue_online, s.num_last_vol_online, s.num_last_issue_online,
    s.embargo_info, s.coverage_depth, s.notes, s.access_type, s.from_date, s.until_date, s.available_for_all, s.available_for
) IS DISTINCT FROM (
    c.statement_no, c.publication_title, c.print_identifier, c.online_identifier, c.title_id, c.title_url, c.date_first_issue_online,
    c.num_first_vol_online, c.num_first_issue_online, c.date_last_issue_online, c.num_last_vol_online, c.num_last_issue_online,
    c.embargo_info, c.coverage_depth, c.notes, c.access_type, c.from_date, c.until_date, c.available_for_all, c.available_for
);

-- Portfolios whose title no file names any more (rule C18); one that a file still names stays, discontinued or not (rule O5).
CREATE OR REPLACE TEMP TABLE gone AS
SELECT c.portfolio_id, c.po_line IS NOT NULL AS has_po_line
FROM current_portfolio AS c
ANTI JOIN link USING (portfolio_id)
ANTI JOIN frozen USING (portfolio_id);
