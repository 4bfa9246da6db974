-- The inputs of a plan as tables: which profile brings which file for whom, and which collections are updated.
CREATE OR REPLACE TEMP TABLE grant_of_profile (
    profile_no INTEGER, profile VARCHAR, file_sha256 VARCHAR, is_new BOOLEAN, available_for_all BOOLEAN, groups VARCHAR[]
);
CREATE OR REPLACE TEMP TABLE collection_state (collection VARCHAR, active BOOLEAN);
