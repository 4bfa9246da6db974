-- The plan's items of titles that are activated without comparing. Input: activated_title, granted_row,
-- grant_of_profile, availability, new_plan_item. Gives the fields of plan_item but for the plan's id.
SELECT
    (SELECT count(*) FROM new_plan_item) + t.portfolio_id - (SELECT min(portfolio_id) FROM activated_title) + 1 AS item_no, 'activate' AS action, t.collection, t.portfolio_id,
    r.publication_title AS title,
    CASE WHEN t.from_community_zone THEN t.cz_print_identifier ELSE r.print_identifier END AS print_identifier,
    CASE WHEN t.from_community_zone THEN t.cz_online_identifier ELSE r.online_identifier END AS online_identifier,
    [] AS changes, NULL AS lost, 0 AS lost_days, [] AS groups_lost,
    'Named by the file for the first time.' || CASE WHEN t.shared_identifier
        THEN ' Its ISBN stands on other books too; they are kept apart because title, volume or edition differ.' ELSE '' END AS reason,
    a.profile_names AS profile, g.file_sha256, [t.row_number] AS row_numbers, [] AS related_portfolio_ids
FROM activated_title AS t
JOIN granted_row AS r USING (profile_no, row_number)
JOIN grant_of_profile AS g USING (profile_no)
JOIN availability AS a USING (profiles)
