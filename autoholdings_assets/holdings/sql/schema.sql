-- Version 1 of the warehouse. Plain tables without keys, sequences or triggers, so that the same statements run on
-- DuckLake; what must be unique is held by the statements that write and by the asset checks. What differs from row to
-- row in the large tables is compressed with zstd (which is for DuckDB's own files): its choice takes half as long again to
-- write, and more room.

CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMPTZ);
COMMENT ON TABLE schema_version IS 'Which versions of this schema were set up here, and when';
COMMENT ON COLUMN schema_version.version IS 'Number of the schema version';
COMMENT ON COLUMN schema_version.applied_at IS 'When it was set up';

CREATE TABLE vendor_state (
    vendor VARCHAR, generation BIGINT, applied_generation BIGINT, inputs_hash VARCHAR, plan_id VARCHAR, changed_at TIMESTAMPTZ
);
COMMENT ON TABLE vendor_state IS 'One row a vendor: how often its holdings have changed, and the inputs of the last run that was carried out';
COMMENT ON COLUMN vendor_state.vendor IS 'Vendor, as in the vendor data files';
COMMENT ON COLUMN vendor_state.generation IS 'Counts every change of the vendor''s portfolios and acquisitions; a plan holds only for the generation it was made on';
COMMENT ON COLUMN vendor_state.applied_generation IS 'Generation right after the last run that was carried out';
COMMENT ON COLUMN vendor_state.inputs_hash IS 'SHA-256 over all inputs of the last run that was carried out';
COMMENT ON COLUMN vendor_state.plan_id IS 'Plan that was applied last';
COMMENT ON COLUMN vendor_state.changed_at IS 'When the vendor''s holdings changed last';

CREATE TABLE number_range (name VARCHAR, next_value BIGINT);
COMMENT ON TABLE number_range IS 'Counters from which new numbers are taken';
COMMENT ON COLUMN number_range.name IS 'What is counted';
COMMENT ON COLUMN number_range.next_value IS 'The next number that is free';

CREATE TABLE electronic_collection (
    name VARCHAR, code VARCHAR, vendor VARCHAR, cz_collection_id VARCHAR, active BOOLEAN, service_active BOOLEAN,
    service_available BOOLEAN, activation VARCHAR, automatically_activate_new_portfolios BOOLEAN, cz_title_list VARCHAR
);
COMMENT ON TABLE electronic_collection IS 'The electronic collections of the configuration, as at the last run';
COMMENT ON COLUMN electronic_collection.name IS 'Name of the collection in the Community Zone';
COMMENT ON COLUMN electronic_collection.code IS 'Short name for commands';
COMMENT ON COLUMN electronic_collection.vendor IS 'Vendor whose files fill the collection';
COMMENT ON COLUMN electronic_collection.cz_collection_id IS 'Community Zone id of the collection, where it is known';
COMMENT ON COLUMN electronic_collection.active IS 'Whether the collection is active in the institution';
COMMENT ON COLUMN electronic_collection.service_active IS 'Whether its full-text service is active';
COMMENT ON COLUMN electronic_collection.service_available IS 'Whether its full-text service is available';
COMMENT ON COLUMN electronic_collection.activation IS 'Activation type; manual, since the run activates portfolios';
COMMENT ON COLUMN electronic_collection.automatically_activate_new_portfolios IS 'Should be false: only what the vendor''s file names is activated';
COMMENT ON COLUMN electronic_collection.cz_title_list IS 'File with the collection''s Community Zone title list, if one is configured';

CREATE TABLE integration_profile (
    name VARCHAR, description VARCHAR, vendor VARCHAR, active BOOLEAN, file_format VARCHAR, groups VARCHAR[], schedule VARCHAR
);
COMMENT ON TABLE integration_profile IS 'The integration profiles of the configuration, as at the last run; credentials are never stored';
COMMENT ON COLUMN integration_profile.name IS 'Name of the profile';
COMMENT ON COLUMN integration_profile.description IS 'What the library says of it';
COMMENT ON COLUMN integration_profile.vendor IS 'Vendor that the profile fetches from';
COMMENT ON COLUMN integration_profile.active IS 'Only Active profiles are fetched';
COMMENT ON COLUMN integration_profile.file_format IS 'Always KBART';
COMMENT ON COLUMN integration_profile.groups IS 'Groups that may use what this profile grants; empty means everyone';
COMMENT ON COLUMN integration_profile.schedule IS 'Cron expression, in the institution''s time zone';

CREATE TABLE kbart_file (
    profile VARCHAR, vendor VARCHAR, file_sha256 VARCHAR, file_name VARCHAR, file_date DATE, size_bytes BIGINT,
    etag VARCHAR, last_modified VARCHAR, content_type VARCHAR, retrieved_from VARCHAR, retrieved_at TIMESTAMPTZ, run_id VARCHAR,
    status VARCHAR, message VARCHAR, encoding VARCHAR, fingerprint VARCHAR, total_rows BIGINT, valid_rows BIGINT,
    rejected_rows BIGINT, excluded_rows BIGINT, findings STRUCT(rule VARCHAR, severity VARCHAR, row_count BIGINT)[], accepted_at TIMESTAMPTZ
);
COMMENT ON TABLE kbart_file IS 'Every file that a profile brought, once; its bytes are in archive/ under the SHA-256';
COMMENT ON COLUMN kbart_file.profile IS 'Integration profile that brought the file';
COMMENT ON COLUMN kbart_file.vendor IS 'Vendor of the profile';
COMMENT ON COLUMN kbart_file.file_sha256 IS 'SHA-256 of the file''s bytes';
COMMENT ON COLUMN kbart_file.file_name IS 'Name that the vendor gave the file';
COMMENT ON COLUMN kbart_file.file_date IS 'Date in the file''s name, else the day of its Last-Modified';
COMMENT ON COLUMN kbart_file.size_bytes IS 'Size in bytes';
COMMENT ON COLUMN kbart_file.etag IS 'The vendor''s ETag, for conditional requests';
COMMENT ON COLUMN kbart_file.last_modified IS 'The vendor''s Last-Modified, for conditional requests';
COMMENT ON COLUMN kbart_file.content_type IS 'Content type that the vendor stated';
COMMENT ON COLUMN kbart_file.retrieved_from IS 'Where the file came from, without credentials';
COMMENT ON COLUMN kbart_file.retrieved_at IS 'When it was retrieved last';
COMMENT ON COLUMN kbart_file.run_id IS 'Run that retrieved it first';
COMMENT ON COLUMN kbart_file.status IS 'retrieved; refused (could not be read as a whole); read (checked, not applied yet); accepted (its entitlements were applied); barred (a person must accept it first)';
COMMENT ON COLUMN kbart_file.message IS 'Why it was refused or barred';
COMMENT ON COLUMN kbart_file.encoding IS 'Character encoding that was found';
COMMENT ON COLUMN kbart_file.fingerprint IS 'Version of reader and rules that read it';
COMMENT ON COLUMN kbart_file.total_rows IS 'Data rows in the file';
COMMENT ON COLUMN kbart_file.valid_rows IS 'Rows that can be used';
COMMENT ON COLUMN kbart_file.rejected_rows IS 'Rows that cannot be used; see rejected_row';
COMMENT ON COLUMN kbart_file.excluded_rows IS 'Rows left out as free content; see excluded_row';
COMMENT ON COLUMN kbart_file.findings IS 'How many rows each rule found fault with';
COMMENT ON COLUMN kbart_file.accepted_at IS 'When its entitlements were applied first';

CREATE TABLE entitlement (profile VARCHAR, vendor VARCHAR, file_sha256 VARCHAR, accepted_at TIMESTAMPTZ, plan_id VARCHAR);
COMMENT ON TABLE entitlement IS 'The newest accepted file of each profile: what the profile grants now';
COMMENT ON COLUMN entitlement.profile IS 'Integration profile';
COMMENT ON COLUMN entitlement.vendor IS 'Its vendor';
COMMENT ON COLUMN entitlement.file_sha256 IS 'Its newest accepted file';
COMMENT ON COLUMN entitlement.accepted_at IS 'When that file was accepted';
COMMENT ON COLUMN entitlement.plan_id IS 'Plan with which it was accepted';

CREATE TABLE retired_profile (profile VARCHAR, vendor VARCHAR, retired_at TIMESTAMPTZ, retired_by VARCHAR);
COMMENT ON TABLE retired_profile IS 'Profiles that grant nothing any more because a person retired them';
COMMENT ON COLUMN retired_profile.profile IS 'Integration profile';
COMMENT ON COLUMN retired_profile.vendor IS 'Its vendor';
COMMENT ON COLUMN retired_profile.retired_at IS 'When it was retired';
COMMENT ON COLUMN retired_profile.retired_by IS 'Who retired it';

CREATE TABLE rejected_row (
    profile VARCHAR, vendor VARCHAR, file_sha256 VARCHAR, row_number BIGINT, column_name VARCHAR, value VARCHAR, rule VARCHAR,
    message VARCHAR, publication_title VARCHAR, print_identifier VARCHAR, online_identifier VARCHAR, title_id VARCHAR, title_url VARCHAR
);
COMMENT ON TABLE rejected_row IS 'Rows of vendors'' files that cannot be used, one record a fault';
COMMENT ON COLUMN rejected_row.profile IS 'Integration profile that brought the file';
COMMENT ON COLUMN rejected_row.vendor IS 'Its vendor';
COMMENT ON COLUMN rejected_row.file_sha256 IS 'The file';
COMMENT ON COLUMN rejected_row.row_number IS 'Line of the file on which the row starts; the header is line 1';
COMMENT ON COLUMN rejected_row.column_name IS 'KBART column at fault';
COMMENT ON COLUMN rejected_row.value IS 'What stands there';
COMMENT ON COLUMN rejected_row.rule IS 'Key of the rule';
COMMENT ON COLUMN rejected_row.message IS 'What is wrong, and what to do';
COMMENT ON COLUMN rejected_row.publication_title IS 'Title of the row';
COMMENT ON COLUMN rejected_row.print_identifier IS 'Print ISSN or ISBN of the row';
COMMENT ON COLUMN rejected_row.online_identifier IS 'Online ISSN or ISBN of the row';
COMMENT ON COLUMN rejected_row.title_id IS 'The vendor''s title_id of the row';
COMMENT ON COLUMN rejected_row.title_url IS 'URL of the row';

CREATE TABLE excluded_row (
    profile VARCHAR, vendor VARCHAR, file_sha256 VARCHAR, row_number BIGINT, reason VARCHAR, publication_title VARCHAR,
    print_identifier VARCHAR, online_identifier VARCHAR, title_id VARCHAR, title_url VARCHAR, access_type VARCHAR, notes VARCHAR
);
COMMENT ON TABLE excluded_row IS 'Rows left out on purpose: free content, to be maintained separately';
COMMENT ON COLUMN excluded_row.profile IS 'Integration profile that brought the file';
COMMENT ON COLUMN excluded_row.vendor IS 'Its vendor';
COMMENT ON COLUMN excluded_row.file_sha256 IS 'The file';
COMMENT ON COLUMN excluded_row.row_number IS 'Line of the file on which the row starts';
COMMENT ON COLUMN excluded_row.reason IS 'Why the row was left out';
COMMENT ON COLUMN excluded_row.publication_title IS 'Title of the row';
COMMENT ON COLUMN excluded_row.print_identifier IS 'Print ISSN or ISBN of the row';
COMMENT ON COLUMN excluded_row.online_identifier IS 'Online ISSN or ISBN of the row';
COMMENT ON COLUMN excluded_row.title_id IS 'The vendor''s title_id of the row';
COMMENT ON COLUMN excluded_row.title_url IS 'URL of the row';
COMMENT ON COLUMN excluded_row.access_type IS 'F free, P paid';
COMMENT ON COLUMN excluded_row.notes IS 'The vendor''s notes';

CREATE TABLE plan (
    plan_id VARCHAR, vendor VARCHAR, run_id VARCHAR, kind VARCHAR, made_at TIMESTAMPTZ, inputs_hash VARCHAR, generation BIGINT,
    files STRUCT(profile VARCHAR, file_sha256 VARCHAR)[], status VARCHAR, hold_reasons VARCHAR[], counters STRUCT(collection VARCHAR, profile VARCHAR, "group" VARCHAR, counter VARCHAR, value BIGINT)[],
    notes VARCHAR[], applied_at TIMESTAMPTZ, applied_run_id VARCHAR, applied_by VARCHAR,
    losses STRUCT(measure VARCHAR, collection VARCHAR, profile VARCHAR, "group" VARCHAR, titles BIGINT, had BIGINT, share DOUBLE, over_files INTEGER)[],
    undoes_plan_id VARCHAR
);
COMMENT ON TABLE plan IS 'Every plan that was made: what a run would change, before anything is changed';
COMMENT ON COLUMN plan.plan_id IS 'Name of the plan, for example wiley-12';
COMMENT ON COLUMN plan.vendor IS 'Vendor whose collections it is about';
COMMENT ON COLUMN plan.run_id IS 'Run that made it';
COMMENT ON COLUMN plan.kind IS 'upload (from vendors'' files), undo, or an act of staff: po-line, import, move, attention';
COMMENT ON COLUMN plan.made_at IS 'When it was made';
COMMENT ON COLUMN plan.inputs_hash IS 'SHA-256 over all its inputs; when they change the plan lapses';
COMMENT ON COLUMN plan.generation IS 'Generation of the vendor''s holdings that it was made on';
COMMENT ON COLUMN plan.files IS 'The file of each profile that it builds on';
COMMENT ON COLUMN plan.status IS 'ready, held, accepted, rejected, lapsed or applied';
COMMENT ON COLUMN plan.hold_reasons IS 'Why it is held, in sentences';
COMMENT ON COLUMN plan.counters IS 'What it would do, counted by collection, profile and group';
COMMENT ON COLUMN plan.notes IS 'What else a person should know, in sentences';
COMMENT ON COLUMN plan.applied_at IS 'When it was applied';
COMMENT ON COLUMN plan.applied_run_id IS 'Run that applied it';
COMMENT ON COLUMN plan.applied_by IS 'Who started that run';
COMMENT ON COLUMN plan.losses IS 'What it would lose, by collection and by profile or group, and over how many files in a row: titles, PO-line titles, coverage';
COMMENT ON COLUMN plan.undoes_plan_id IS 'The plan that an undo takes back';

CREATE TABLE plan_item (
    plan_id VARCHAR, item_no BIGINT, action VARCHAR, collection VARCHAR, portfolio_id BIGINT, title VARCHAR USING COMPRESSION zstd,
    print_identifier VARCHAR USING COMPRESSION zstd, online_identifier VARCHAR USING COMPRESSION zstd,
    changes STRUCT(field VARCHAR, "old" VARCHAR, "new" VARCHAR)[], lost VARCHAR, lost_days BIGINT, groups_lost VARCHAR[],
    reason VARCHAR, profile VARCHAR, file_sha256 VARCHAR, row_numbers BIGINT[], related_portfolio_ids BIGINT[]
);
COMMENT ON TABLE plan_item IS 'What a plan does with each title; titles that stay as they are have none';
COMMENT ON COLUMN plan_item.plan_id IS 'The plan';
COMMENT ON COLUMN plan_item.item_no IS 'Number of the item in the plan';
COMMENT ON COLUMN plan_item.action IS 'activate, update, remove, keep, no match, multiple matches or possible title change; of staff also attach and detach';
COMMENT ON COLUMN plan_item.collection IS 'Electronic collection';
COMMENT ON COLUMN plan_item.portfolio_id IS 'Portfolio; null where nothing is activated';
COMMENT ON COLUMN plan_item.title IS 'Title, as in the file, or as the portfolio has it';
COMMENT ON COLUMN plan_item.print_identifier IS 'Print ISSN or ISBN';
COMMENT ON COLUMN plan_item.online_identifier IS 'Online ISSN or ISBN';
COMMENT ON COLUMN plan_item.changes IS 'Every field that changes, with old and new value';
COMMENT ON COLUMN plan_item.lost IS 'Coverage that is lost, in words: 2004-2010 lost';
COMMENT ON COLUMN plan_item.lost_days IS 'Coverage that is lost, in days';
COMMENT ON COLUMN plan_item.groups_lost IS 'Groups that lose the title';
COMMENT ON COLUMN plan_item.reason IS 'Why, in a sentence';
COMMENT ON COLUMN plan_item.profile IS 'Integration profiles whose files name the title';
COMMENT ON COLUMN plan_item.file_sha256 IS 'The file after which the title is described';
COMMENT ON COLUMN plan_item.row_numbers IS 'Lines of that file';
COMMENT ON COLUMN plan_item.related_portfolio_ids IS 'Candidates of an ambiguous match; the other side of a possible title change';

CREATE TABLE plan_decision (plan_id VARCHAR, decision VARCHAR, decided_at TIMESTAMPTZ, decided_by VARCHAR, why VARCHAR);
COMMENT ON TABLE plan_decision IS 'What people decided about held plans';
COMMENT ON COLUMN plan_decision.plan_id IS 'The plan';
COMMENT ON COLUMN plan_decision.decision IS 'accepted or rejected';
COMMENT ON COLUMN plan_decision.decided_at IS 'When';
COMMENT ON COLUMN plan_decision.decided_by IS 'Who';
COMMENT ON COLUMN plan_decision.why IS 'Why';

CREATE TABLE job_run (
    run_id VARCHAR, vendor VARCHAR, started_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, outcome VARCHAR, message VARCHAR, plan_id VARCHAR,
    counters STRUCT(collection VARCHAR, profile VARCHAR, "group" VARCHAR, counter VARCHAR, value BIGINT)[], groups VARCHAR[], acted_by VARCHAR
);
COMMENT ON TABLE job_run IS 'Every run of the job, one row a run and vendor';
COMMENT ON COLUMN job_run.run_id IS 'The run''s id, the same as in Dagster';
COMMENT ON COLUMN job_run.vendor IS 'Vendor that the run was for';
COMMENT ON COLUMN job_run.started_at IS 'When it started';
COMMENT ON COLUMN job_run.ended_at IS 'When it ended';
COMMENT ON COLUMN job_run.outcome IS 'done, done with findings, nothing new, dry run, held or nothing applied; null while it runs';
COMMENT ON COLUMN job_run.message IS 'What happened, in a sentence';
COMMENT ON COLUMN job_run.plan_id IS 'Plan that the run made or applied';
COMMENT ON COLUMN job_run.counters IS 'What it did, counted by collection, profile and group';
COMMENT ON COLUMN job_run.groups IS 'Groups whose holdings the run handled';
COMMENT ON COLUMN job_run.acted_by IS 'Who or what started it';

CREATE TABLE job_run_profile (
    run_id VARCHAR, vendor VARCHAR, profile VARCHAR, outcome VARCHAR, message VARCHAR, advice VARCHAR, file_sha256 VARCHAR, at_time TIMESTAMPTZ
);
COMMENT ON TABLE job_run_profile IS 'What a run met at each Active profile';
COMMENT ON COLUMN job_run_profile.run_id IS 'The run';
COMMENT ON COLUMN job_run_profile.vendor IS 'Vendor';
COMMENT ON COLUMN job_run_profile.profile IS 'Integration profile';
COMMENT ON COLUMN job_run_profile.outcome IS 'new file, same file, not modified, failed or refused';
COMMENT ON COLUMN job_run_profile.message IS 'What happened, in a sentence';
COMMENT ON COLUMN job_run_profile.advice IS 'What to do next';
COMMENT ON COLUMN job_run_profile.file_sha256 IS 'The file, where one came';
COMMENT ON COLUMN job_run_profile.at_time IS 'When';

CREATE TABLE portfolio_version (
    portfolio_id BIGINT, collection VARCHAR, title VARCHAR USING COMPRESSION zstd, print_identifier VARCHAR USING COMPRESSION zstd,
    online_identifier VARCHAR USING COMPRESSION zstd, title_id VARCHAR USING COMPRESSION zstd, publication_type VARCHAR,
    title_url VARCHAR USING COMPRESSION zstd, publisher_name VARCHAR, first_author VARCHAR, editor VARCHAR,
    monograph_volume VARCHAR, monograph_edition VARCHAR, date_monograph_published_print VARCHAR,
    date_monograph_published_online VARCHAR, access_type VARCHAR, parent_publication_title_id VARCHAR,
    preceding_publication_title_id VARCHAR, availability VARCHAR, available_for_all BOOLEAN, available_for VARCHAR[],
    activated_at TIMESTAMPTZ, missing_since TIMESTAMPTZ, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, run_id VARCHAR,
    ended_by_run_id VARCHAR
);
COMMENT ON TABLE portfolio_version IS 'Every state that each portfolio has been in; the present one has no valid_to';
COMMENT ON COLUMN portfolio_version.portfolio_id IS 'Number of the portfolio, never used again';
COMMENT ON COLUMN portfolio_version.collection IS 'Electronic collection';
COMMENT ON COLUMN portfolio_version.title IS 'Title, after the row with the latest coverage';
COMMENT ON COLUMN portfolio_version.print_identifier IS 'Print ISSN or ISBN';
COMMENT ON COLUMN portfolio_version.online_identifier IS 'Online ISSN or ISBN';
COMMENT ON COLUMN portfolio_version.title_id IS 'The vendor''s own id of the title';
COMMENT ON COLUMN portfolio_version.publication_type IS 'serial or monograph';
COMMENT ON COLUMN portfolio_version.title_url IS 'URL of the title';
COMMENT ON COLUMN portfolio_version.publisher_name IS 'Publisher';
COMMENT ON COLUMN portfolio_version.first_author IS 'First author of a monograph';
COMMENT ON COLUMN portfolio_version.editor IS 'First editor of a monograph';
COMMENT ON COLUMN portfolio_version.monograph_volume IS 'Volume of a monograph';
COMMENT ON COLUMN portfolio_version.monograph_edition IS 'Edition of a monograph';
COMMENT ON COLUMN portfolio_version.date_monograph_published_print IS 'When a monograph was published in print';
COMMENT ON COLUMN portfolio_version.date_monograph_published_online IS 'When a monograph was published online';
COMMENT ON COLUMN portfolio_version.access_type IS 'P paid (any of its statements is), F free';
COMMENT ON COLUMN portfolio_version.parent_publication_title_id IS 'title_id of the parent publication';
COMMENT ON COLUMN portfolio_version.preceding_publication_title_id IS 'title_id of the preceding publication';
COMMENT ON COLUMN portfolio_version.availability IS 'available or not available';
COMMENT ON COLUMN portfolio_version.available_for_all IS 'Whether everyone in the institution may use it';
COMMENT ON COLUMN portfolio_version.available_for IS 'Groups that may use it, where not everyone may';
COMMENT ON COLUMN portfolio_version.activated_at IS 'When the portfolio was activated';
COMMENT ON COLUMN portfolio_version.missing_since IS 'Since when no file names the title any more';
COMMENT ON COLUMN portfolio_version.valid_from IS 'From when on this state held';
COMMENT ON COLUMN portfolio_version.valid_to IS 'Until when it held; null for the present state';
COMMENT ON COLUMN portfolio_version.run_id IS 'Run that brought this state about';
COMMENT ON COLUMN portfolio_version.ended_by_run_id IS 'Run that ended it';

CREATE TABLE coverage_version (
    portfolio_id BIGINT, statement_no INTEGER, publication_title VARCHAR USING COMPRESSION zstd,
    print_identifier VARCHAR USING COMPRESSION zstd, online_identifier VARCHAR USING COMPRESSION zstd,
    title_id VARCHAR USING COMPRESSION zstd, title_url VARCHAR USING COMPRESSION zstd, date_first_issue_online VARCHAR,
    num_first_vol_online VARCHAR, num_first_issue_online VARCHAR, date_last_issue_online VARCHAR, num_last_vol_online VARCHAR,
    num_last_issue_online VARCHAR, embargo_info VARCHAR, coverage_depth VARCHAR, notes VARCHAR, access_type VARCHAR, from_date DATE,
    until_date DATE, available_for_all BOOLEAN, available_for VARCHAR[], valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ,
    run_id VARCHAR, ended_by_run_id VARCHAR
);
COMMENT ON TABLE coverage_version IS 'Every coverage statement that each portfolio has had; the present ones have no valid_to';
COMMENT ON COLUMN coverage_version.portfolio_id IS 'The portfolio';
COMMENT ON COLUMN coverage_version.statement_no IS 'Number of the statement within the portfolio, by date';
COMMENT ON COLUMN coverage_version.publication_title IS 'Title in the statement''s row: a former title keeps its name';
COMMENT ON COLUMN coverage_version.print_identifier IS 'Print ISSN or ISBN in the statement''s row';
COMMENT ON COLUMN coverage_version.online_identifier IS 'Online ISSN or ISBN in the statement''s row';
COMMENT ON COLUMN coverage_version.title_id IS 'title_id in the statement''s row';
COMMENT ON COLUMN coverage_version.title_url IS 'URL in the statement''s row';
COMMENT ON COLUMN coverage_version.date_first_issue_online IS 'First issue online, as the vendor wrote it';
COMMENT ON COLUMN coverage_version.num_first_vol_online IS 'First volume online';
COMMENT ON COLUMN coverage_version.num_first_issue_online IS 'First issue number online';
COMMENT ON COLUMN coverage_version.date_last_issue_online IS 'Last issue online, as the vendor wrote it; empty means up to now';
COMMENT ON COLUMN coverage_version.num_last_vol_online IS 'Last volume online';
COMMENT ON COLUMN coverage_version.num_last_issue_online IS 'Last issue number online';
COMMENT ON COLUMN coverage_version.embargo_info IS 'Embargo in KBART notation, for example P1Y: all but the latest year';
COMMENT ON COLUMN coverage_version.coverage_depth IS 'fulltext, selected articles or abstracts';
COMMENT ON COLUMN coverage_version.notes IS 'The vendor''s notes';
COMMENT ON COLUMN coverage_version.access_type IS 'F free, P paid';
COMMENT ON COLUMN coverage_version.from_date IS 'First day of the period in date_first_issue_online';
COMMENT ON COLUMN coverage_version.until_date IS 'Last day of the period in date_last_issue_online; null means up to now';
COMMENT ON COLUMN coverage_version.available_for_all IS 'Whether everyone in the institution has this coverage';
COMMENT ON COLUMN coverage_version.available_for IS 'Groups that have this coverage, where not everyone has';
COMMENT ON COLUMN coverage_version.valid_from IS 'From when on this statement held';
COMMENT ON COLUMN coverage_version.valid_to IS 'Until when it held; null for the present one';
COMMENT ON COLUMN coverage_version.run_id IS 'Run that brought it';
COMMENT ON COLUMN coverage_version.ended_by_run_id IS 'Run that ended it';

CREATE TABLE portfolio_grant (
    portfolio_id BIGINT, collection VARCHAR, profile VARCHAR, missing_since TIMESTAMPTZ, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ,
    run_id VARCHAR, ended_by_run_id VARCHAR
);
COMMENT ON TABLE portfolio_grant IS 'Which profile''s accepted files have granted each portfolio, and when; the present grants have no valid_to';
COMMENT ON COLUMN portfolio_grant.portfolio_id IS 'The portfolio';
COMMENT ON COLUMN portfolio_grant.collection IS 'Its electronic collection';
COMMENT ON COLUMN portfolio_grant.profile IS 'Integration profile whose accepted file names the title';
COMMENT ON COLUMN portfolio_grant.missing_since IS 'Since when the profile''s files do not name it any more, while the policy grace_files still keeps it';
COMMENT ON COLUMN portfolio_grant.valid_from IS 'From when on the profile granted it';
COMMENT ON COLUMN portfolio_grant.valid_to IS 'Until when; null for a present grant';
COMMENT ON COLUMN portfolio_grant.run_id IS 'Run with which it began';
COMMENT ON COLUMN portfolio_grant.ended_by_run_id IS 'Run with which it ended';

CREATE TABLE acquisition_version (
    portfolio_id BIGINT, po_line VARCHAR, license VARCHAR, public_note VARCHAR, internal_note VARCHAR, portfolio_pid VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ,
    acted_by VARCHAR, reason VARCHAR, ended_by VARCHAR, ended_reason VARCHAR
);
COMMENT ON TABLE acquisition_version IS 'PO lines, licenses and staff notes of portfolios, present and past; the upload job never writes here';
COMMENT ON COLUMN acquisition_version.portfolio_id IS 'The portfolio';
COMMENT ON COLUMN acquisition_version.po_line IS 'PO line attached to it';
COMMENT ON COLUMN acquisition_version.license IS 'License attached to it';
COMMENT ON COLUMN acquisition_version.public_note IS 'Note for readers';
COMMENT ON COLUMN acquisition_version.internal_note IS 'Note for staff';
COMMENT ON COLUMN acquisition_version.portfolio_pid IS 'Id of the portfolio in the library system, as its export had it';
COMMENT ON COLUMN acquisition_version.valid_from IS 'Since when';
COMMENT ON COLUMN acquisition_version.valid_to IS 'Until when; null for the present state';
COMMENT ON COLUMN acquisition_version.acted_by IS 'Who attached it';
COMMENT ON COLUMN acquisition_version.reason IS 'Why, or with which import or move';
COMMENT ON COLUMN acquisition_version.ended_by IS 'Who ended this state';
COMMENT ON COLUMN acquisition_version.ended_reason IS 'Why it was ended';

CREATE TABLE attention_settlement (
    attention_id VARCHAR, kind VARCHAR, portfolio_id BIGINT, title VARCHAR, decision VARCHAR, look_again_on DATE, note VARCHAR,
    decided_at TIMESTAMPTZ, decided_by VARCHAR
);
COMMENT ON TABLE attention_settlement IS 'What people decided about the cases of the view attention; a case that comes up anew needs a new decision';
COMMENT ON COLUMN attention_settlement.attention_id IS 'The case, for example missing-17';
COMMENT ON COLUMN attention_settlement.kind IS 'PO line, title missing; PO line, group lost; possible title change; multiple matches';
COMMENT ON COLUMN attention_settlement.portfolio_id IS 'The portfolio, where there is one';
COMMENT ON COLUMN attention_settlement.title IS 'Its title then';
COMMENT ON COLUMN attention_settlement.decision IS 'keep, detach, withdraw or look again';
COMMENT ON COLUMN attention_settlement.look_again_on IS 'The day from which the case is open again, for look again';
COMMENT ON COLUMN attention_settlement.note IS 'Why';
COMMENT ON COLUMN attention_settlement.decided_at IS 'When';
COMMENT ON COLUMN attention_settlement.decided_by IS 'Who';

CREATE TABLE alert_sent (
    channel VARCHAR, case_id VARCHAR, state VARCHAR, kind VARCHAR, vendor VARCHAR, message VARCHAR, sent_at TIMESTAMPTZ, over_at TIMESTAMPTZ
);
COMMENT ON TABLE alert_sent IS 'What people were told by e-mail or webhook, written once it was delivered: nothing is told twice while it lasts unchanged, but for reminders';
COMMENT ON COLUMN alert_sent.channel IS 'email or webhook';
COMMENT ON COLUMN alert_sent.case_id IS 'The case, for example plan-wiley-7: what it is about, whatever its message';
COMMENT ON COLUMN alert_sent.state IS 'Changes when the case has, so that it is told anew';
COMMENT ON COLUMN alert_sent.kind IS 'held plan, failed run, failed check, stale vendor or needs attention';
COMMENT ON COLUMN alert_sent.vendor IS 'Vendor that it is about, where it is about one';
COMMENT ON COLUMN alert_sent.message IS 'What was told, without credentials';
COMMENT ON COLUMN alert_sent.sent_at IS 'When it was delivered';
COMMENT ON COLUMN alert_sent.over_at IS 'When it was told anew, or was seen to be over; null while it is what was told last';

CREATE TABLE alma_export (collection VARCHAR, as_of TIMESTAMPTZ, exported_at TIMESTAMPTZ, exported_by VARCHAR);
COMMENT ON TABLE alma_export IS 'Up to which state of the holdings each collection has been written for Alma''s portfolio loader';
COMMENT ON COLUMN alma_export.collection IS 'Electronic collection';
COMMENT ON COLUMN alma_export.as_of IS 'Changes up to this moment are in the workbooks';
COMMENT ON COLUMN alma_export.exported_at IS 'When they were written';
COMMENT ON COLUMN alma_export.exported_by IS 'Who had them written';
