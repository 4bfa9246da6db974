-- What people decided about cases of a portfolio, or about cases in which it is a candidate or the other side. Parameter: portfolio_id.
SELECT kind, portfolio_id, title, decision, look_again_on, note, decided_at, decided_by
FROM attention_settlement
WHERE portfolio_id = $portfolio_id
    OR attention_id IN (SELECT attention_id FROM attention WHERE list_contains(related_portfolio_ids, $portfolio_id))
ORDER BY decided_at;
