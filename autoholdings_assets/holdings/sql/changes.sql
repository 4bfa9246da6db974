-- What changes at each portfolio, in words. Input: proposed_portfolio, proposed_statement, changed_portfolio, changed_coverage, gone,
-- current_portfolio, current_coverage. Output: coverage_in_words (both sides of each changed coverage) and field_change (every changed field, old and new).

CREATE OR REPLACE TEMP VIEW changed_statement AS
SELECT 'new' AS version, s.* FROM proposed_statement AS s SEMI JOIN changed_coverage USING (portfolio_id)
UNION ALL BY NAME
SELECT 'old' AS version, c.* FROM current_coverage AS c
SEMI JOIN (FROM changed_coverage UNION ALL SELECT portfolio_id FROM gone) AS shown USING (portfolio_id);

CREATE OR REPLACE TEMP TABLE coverage_in_words AS
SELECT portfolio_id, version AS side, coverage FROM coverage_told('changed_statement');

CREATE OR REPLACE TEMP TABLE field_change AS
SELECT portfolio_id, list_filter(
    [
        {'field': 'title', 'old': c.title, 'new': p.title},
        {'field': 'print_identifier', 'old': c.print_identifier, 'new': p.print_identifier},
        {'field': 'online_identifier', 'old': c.online_identifier, 'new': p.online_identifier},
        {'field': 'title_id', 'old': c.title_id, 'new': p.title_id},
        {'field': 'publication_type', 'old': c.publication_type, 'new': p.publication_type},
        {'field': 'title_url', 'old': c.title_url, 'new': p.title_url},
        {'field': 'publisher_name', 'old': c.publisher_name, 'new': p.publisher_name},
        {'field': 'first_author', 'old': c.first_author, 'new': p.first_author},
        {'field': 'editor', 'old': c.editor, 'new': p.editor},
        {'field': 'monograph_volume', 'old': c.monograph_volume, 'new': p.monograph_volume},
        {'field': 'monograph_edition', 'old': c.monograph_edition, 'new': p.monograph_edition},
        {'field': 'date_monograph_published_print', 'old': c.date_monograph_published_print, 'new': p.date_monograph_published_print},
        {'field': 'date_monograph_published_online', 'old': c.date_monograph_published_online, 'new': p.date_monograph_published_online},
        {'field': 'access_type', 'old': c.access_type, 'new': p.access_type},
        {'field': 'parent_publication_title_id', 'old': c.parent_publication_title_id, 'new': p.parent_publication_title_id},
        {'field': 'preceding_publication_title_id', 'old': c.preceding_publication_title_id, 'new': p.preceding_publication_title_id},
        {'field': 'availability', 'old': c.availability, 'new': p.availability},
        {'field': 'available_for', 'old': groups_in_words(c.available_for_all, c.available_for), 'new': groups_in_words(p.available_for_all, p.available_for)},
        {'field': 'missing_since', 'old': c.missing_since::VARCHAR, 'new': p.missing_since::VARCHAR}
    ], lambda change: change.old IS DISTINCT FROM change.new) AS changes
FROM proposed_portfolio AS p SEMI JOIN changed_portfolio USING (portfolio_id) JOIN current_portfolio AS c USING (portfolio_id);
