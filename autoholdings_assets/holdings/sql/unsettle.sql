-- Settled titles whose portfolio shares a value with what is compared are compared too; what these state is touched in the next round.
-- Input and output: unsettled_title, touched_value, compared_title, compared_value and compared_row; input: portfolio_value,
-- granted_title, settled_title, row_outcome, rows_with, values_of, variable round.
CREATE OR REPLACE TEMP TABLE newly_compared AS
WITH touched AS (SELECT kind, value FROM touched_value WHERE round = getvariable('round')), sharing AS (
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'identifier' AND value = online_value
    UNION ALL
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'identifier' AND value = print_value
    UNION ALL
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'title_id' AND value = title_id_value
    UNION ALL
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'title_url' AND value = title_url_value
)
FROM portfolio_value SEMI JOIN (FROM sharing ANTI JOIN compared_value USING (portfolio_id)) AS s USING (portfolio_id);

CREATE OR REPLACE TEMP TABLE newly_unsettled AS SELECT title_key FROM settled_title SEMI JOIN newly_compared USING (portfolio_id);
CREATE OR REPLACE TEMP TABLE newly_compared_outcome AS FROM row_outcome SEMI JOIN newly_unsettled USING (title_key);

INSERT INTO unsettled_title FROM newly_unsettled;
INSERT INTO compared_title BY NAME FROM granted_title SEMI JOIN newly_unsettled USING (title_key);
INSERT INTO compared_value FROM newly_compared;
INSERT INTO compared_row FROM rows_with('newly_compared_outcome');

INSERT INTO touched_value
SELECT DISTINCT kind, value, getvariable('round') + 1
FROM values_of('newly_compared') ANTI JOIN touched_value USING (kind, value);
