-- Titles whose portfolio shares a value with what is compared are settled no more; what their portfolios state is touched in the next
-- round. Input and output: unsettled_title, touched_value, compared_title, compared_value and picked_row; input: newly_compared,
-- granted_title, settled_title, row_outcome, rows_with, values_of, variable round.
CREATE OR REPLACE TEMP TABLE newly_unsettled AS SELECT title_key FROM settled_title SEMI JOIN newly_compared USING (portfolio_id);
CREATE OR REPLACE TEMP TABLE newly_compared_outcome AS FROM row_outcome SEMI JOIN newly_unsettled USING (title_key);

INSERT INTO unsettled_title FROM newly_unsettled;
INSERT INTO compared_title BY NAME FROM granted_title SEMI JOIN newly_unsettled USING (title_key);
INSERT INTO compared_value FROM newly_compared;
INSERT INTO picked_row FROM rows_with('newly_compared_outcome');

INSERT INTO touched_value
SELECT DISTINCT kind, value, getvariable('round') + 1
FROM values_of('newly_compared') ANTI JOIN touched_value USING (kind, value);
