-- How many portfolios fewer were made than the plan activates; 0 is right. Variables plan_id, run_id, now.
SELECT
    (SELECT count(*) FROM plan_item WHERE plan_id = getvariable('plan_id') AND action IN ('activate', 'possible title change'))
    - (SELECT count(*) FROM portfolio_version
        WHERE valid_from = getvariable('now') AND activated_at = getvariable('now') AND run_id = getvariable('run_id'));
