-- Settled titles whose portfolio shares a value with what is compared are compared too; what these state is touched in the next round.
-- Input and output: settled_title and touched_value; input: portfolio_value; output too: newly_compared. Variable round.
CREATE OR REPLACE TEMP TABLE newly_compared AS
WITH touched AS (SELECT kind, value FROM touched_value WHERE round = getvariable('round'))
SELECT * FROM portfolio_value SEMI JOIN settled_title USING (portfolio_id)
WHERE online_value IN (SELECT value FROM touched WHERE kind = 'identifier')
    OR print_value IN (SELECT value FROM touched WHERE kind = 'identifier')
    OR title_id_value IN (SELECT value FROM touched WHERE kind = 'title_id')
    OR title_url_value IN (SELECT value FROM touched WHERE kind = 'title_url');

DELETE FROM settled_title WHERE portfolio_id IN (SELECT portfolio_id FROM newly_compared);

INSERT INTO touched_value
SELECT DISTINCT kind, value, getvariable('round') + 1
FROM values_of('newly_compared') ANTI JOIN touched_value USING (kind, value);
