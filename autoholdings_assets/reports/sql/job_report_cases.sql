-- What a person should look at now, first what began with the run, and how many cases there are. Parameters: vendor, run_id, most.
SELECT attention_id, kind, title, message, since, run_id, count(*) OVER () AS case_count
FROM needs_attention
WHERE vendor = $vendor
ORDER BY run_id IS NOT DISTINCT FROM $run_id DESC, since DESC, title
LIMIT $most;
