-- What SQL users look at. Views and macros are made anew whenever the warehouse is opened for writing by a newer version.

CREATE OR REPLACE VIEW acquisition AS
SELECT portfolio_id, po_line, license, public_note, internal_note, valid_from AS attached_at, acted_by
FROM acquisition_version WHERE valid_to IS NULL;
COMMENT ON VIEW acquisition IS 'PO lines, licenses and staff notes attached to portfolios now';

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

CREATE OR REPLACE VIEW coverage AS
SELECT * EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id) FROM coverage_version WHERE valid_to IS NULL;
COMMENT ON VIEW coverage IS 'The coverage statements of the portfolios';

CREATE OR REPLACE VIEW portfolio_action AS
SELECT
    p.applied_run_id AS run_id, p.applied_at AS occurred_at, p.vendor, i.collection, i.portfolio_id, i.title, i.action, i.changes,
    i.reason, i.profile, i.file_sha256, p.applied_by AS acted_by, i.lost, i.groups_lost, i.related_portfolio_ids, i.row_numbers, p.plan_id
FROM plan_item AS i JOIN plan AS p USING (plan_id)
WHERE p.status = 'applied';
COMMENT ON VIEW portfolio_action IS 'Everything that was done to portfolios, and why; old and new value of each changed field';

CREATE OR REPLACE MACRO portfolio_as_of(ts) AS TABLE
SELECT * FROM portfolio_version WHERE valid_from <= ts AND (valid_to IS NULL OR valid_to > ts);

CREATE OR REPLACE MACRO coverage_as_of(ts) AS TABLE
SELECT * FROM coverage_version WHERE valid_from <= ts AND (valid_to IS NULL OR valid_to > ts);
