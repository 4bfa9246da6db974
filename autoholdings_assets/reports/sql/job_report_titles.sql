-- The first titles of each action of a plan, and those that lose most. Parameters: plan_id, most.
WITH chosen AS (
    SELECT unnest(min(item_no, $most)) AS item_no, 'first' AS why FROM plan_item WHERE plan_id = $plan_id GROUP BY action
    UNION ALL
    SELECT unnest(arg_max(item_no, lost_days, $most)), 'lost' FROM plan_item WHERE plan_id = $plan_id AND lost_days > 0
)
SELECT
    c.why, i.action, i.collection, i.title, coalesce(i.online_identifier, i.print_identifier) AS identifier, i.changes, i.lost, i.lost_days,
    i.groups_lost, i.reason, i.profile, i.row_numbers
FROM chosen AS c JOIN plan_item AS i ON i.plan_id = $plan_id AND i.item_no = c.item_no
ORDER BY CASE WHEN c.why = 'lost' THEN -i.lost_days ELSE i.item_no END;
