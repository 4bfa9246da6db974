-- Carries an act of staff out; runs inside one transaction, statement by statement. Input: new_details (the whole new details of
-- portfolios), new_portfolio and new_statement (whole contents), new_settlement, variables plan_id, run_id, now, acted_by, why, may_go.

CREATE OR REPLACE TEMP TABLE old_details AS
SELECT portfolio_id, po_line, license, public_note, internal_note, portfolio_pid
FROM acquisition_version SEMI JOIN new_details USING (portfolio_id) WHERE valid_to IS NULL;

CREATE OR REPLACE TEMP TABLE act_item AS
WITH touched AS (
    SELECT portfolio_id FROM new_details UNION SELECT portfolio_id FROM new_portfolio
    UNION SELECT portfolio_id FROM new_settlement WHERE portfolio_id IS NOT NULL
), described AS (
    SELECT
        t.portfolio_id, v.portfolio_id IS NULL AS is_new,
        coalesce(n.collection, v.collection) AS collection, coalesce(n.title, v.title) AS title,
        coalesce(n.print_identifier, v.print_identifier) AS print_identifier, coalesce(n.online_identifier, v.online_identifier) AS online_identifier,
        o.po_line AS old_po_line, d.po_line AS new_po_line, coalesce(d.reason, n.reason) AS reason,
        list_filter([
            {'field': 'availability', 'old': v.availability, 'new': coalesce(n.availability, v.availability)},
            {'field': 'po_line', 'old': o.po_line, 'new': CASE WHEN d.portfolio_id IS NULL THEN o.po_line ELSE d.po_line END},
            {'field': 'license', 'old': o.license, 'new': CASE WHEN d.portfolio_id IS NULL THEN o.license ELSE d.license END},
            {'field': 'public_note', 'old': o.public_note, 'new': CASE WHEN d.portfolio_id IS NULL THEN o.public_note ELSE d.public_note END},
            {'field': 'internal_note', 'old': o.internal_note, 'new': CASE WHEN d.portfolio_id IS NULL THEN o.internal_note ELSE d.internal_note END}
        ], lambda change: change.old IS DISTINCT FROM change.new) AS changes
    FROM touched AS t
    LEFT JOIN portfolio_version AS v ON v.portfolio_id = t.portfolio_id AND v.valid_to IS NULL
    LEFT JOIN new_portfolio AS n ON n.portfolio_id = t.portfolio_id
    LEFT JOIN new_details AS d ON d.portfolio_id = t.portfolio_id
    LEFT JOIN old_details AS o ON o.portfolio_id = t.portfolio_id
)
SELECT
    row_number() OVER (ORDER BY collection, title, portfolio_id) AS item_no,
    CASE
        WHEN is_new THEN 'activate'
        WHEN len(changes) = 0 THEN 'keep'
        WHEN old_po_line IS NULL AND new_po_line IS NOT NULL THEN 'attach'
        WHEN old_po_line IS NOT NULL AND new_po_line IS NULL AND list_contains(list_transform(changes, lambda c: c.field), 'po_line') THEN 'detach'
        ELSE 'update'
    END AS action,
    collection, portfolio_id, title, print_identifier, online_identifier, changes, 0 AS lost_days, []::VARCHAR[] AS groups_lost,
    coalesce(reason, getvariable('why')) AS reason, []::BIGINT[] AS row_numbers, []::BIGINT[] AS related_portfolio_ids
FROM described;

UPDATE acquisition_version SET valid_to = getvariable('now'), ended_by = getvariable('acted_by'), ended_reason = getvariable('why')
WHERE valid_to IS NULL AND portfolio_id IN (SELECT portfolio_id FROM new_details);

INSERT INTO acquisition_version BY NAME
SELECT
    portfolio_id, po_line, license, public_note, internal_note, portfolio_pid, getvariable('now') AS valid_from,
    getvariable('acted_by') AS acted_by, getvariable('why') AS reason
FROM new_details WHERE coalesce(po_line, license, public_note, internal_note, portfolio_pid) IS NOT NULL;

UPDATE portfolio_version SET valid_to = getvariable('now'), ended_by_run_id = getvariable('run_id')
WHERE valid_to IS NULL AND portfolio_id IN (SELECT portfolio_id FROM new_portfolio);

INSERT INTO portfolio_version BY NAME
SELECT
    * EXCLUDE (reason) REPLACE (coalesce(activated_at, getvariable('now')) AS activated_at), getvariable('now') AS valid_from,
    getvariable('run_id') AS run_id
FROM new_portfolio;

INSERT INTO coverage_version BY NAME
SELECT *, getvariable('now') AS valid_from, getvariable('run_id') AS run_id FROM new_statement;

INSERT INTO attention_settlement BY NAME
SELECT *, getvariable('now') AS decided_at, getvariable('acted_by') AS decided_by FROM new_settlement;

-- One PO line is never in two places ... (a table is made of it because a query alone is only run as far as it is fetched)
CREATE OR REPLACE TEMP TABLE in_two_places AS
SELECT error('PO line ' || po_line || ' would be attached to several portfolios. Nothing was changed.')
FROM acquisition_version SEMI JOIN new_details USING (po_line)
WHERE valid_to IS NULL GROUP BY po_line HAVING count(*) > 1;

-- ... and never nowhere, unless it was to be detached.
CREATE OR REPLACE TEMP TABLE nowhere AS
SELECT error('PO line ' || o.po_line || ' would be attached to no portfolio any more. Nothing was changed.')
FROM old_details AS o
ANTI JOIN (SELECT po_line FROM acquisition_version WHERE valid_to IS NULL) AS a ON a.po_line = o.po_line
WHERE o.po_line IS NOT NULL AND NOT list_contains(getvariable('may_go')::VARCHAR[], o.po_line);

INSERT INTO plan_item BY NAME SELECT getvariable('plan_id') AS plan_id, * FROM act_item;
