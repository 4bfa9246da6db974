-- What became of every row of a plan's files, as it was staged with the plan: row outcomes, the numbers of rows that are not their ids,
-- the plan's titles, and the results of those that were activated or compared; all others are unchanged.
SELECT
    g.profile, coalesce(n.row_number, o.row_id) AS row_number, o.collection,
    CASE
        WHEN o.outcome IS NOT NULL THEN o.outcome
        WHEN r.title_key IS NOT NULL THEN r.action
        WHEN a.portfolio_id IS NOT NULL THEN 'activate'
        WHEN t.portfolio_id IS NOT NULL THEN 'unchanged'
    END AS outcome,
    coalesce(r.portfolio_id, t.portfolio_id) AS portfolio_id, o.statement_no, o.representative
FROM {outcomes} AS o
JOIN (SELECT unnest({profiles}, recursive := true)) AS g USING (profile_no)
LEFT JOIN {numbers} AS n USING (profile_no, row_id)
LEFT JOIN {titles} AS t USING (title_key)
LEFT JOIN {compared} AS r USING (title_key)
LEFT JOIN (SELECT portfolio_id FROM {activated}) AS a ON a.portfolio_id = t.portfolio_id
