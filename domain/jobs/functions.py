"""What audiences may do to jobs, as functions of the owner: add one as themselves, and conclude the one they run.

Neither lets a login do what it could not do itself. `enqueue_job` writes down the caller as the actor, whatever it is
given, unless the caller is the platform. `conclude_job` needs the number of a running attempt, and is the last
statement of the transaction that did the work: work whose attempt was taken over by another worker is rolled back.
"""

from collections.abc import Iterator

CHANNEL = "chargecars_jobs"

_CALLER = "CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END"
_SETTING = "NULLIF(current_setting('chargecars.{}', true), '')"

_ENQUEUE = f"""
CREATE OR REPLACE FUNCTION enqueue_job(
  job_name text, job_queue text, job_arguments jsonb, job_key text, job_actor jsonb, job_entity uuid,
  job_run_at timestamptz
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  caller text := {_CALLER};
  made uuid;
BEGIN
  IF caller IN ('chargecars_staff', 'chargecars_partner', 'chargecars_customer', 'chargecars_technician') THEN
    job_actor := job_actor || jsonb_build_object(
      'audience', substr(caller, 12),
      'role', {_SETTING.format("role")},
      'entity_ids', to_jsonb({_SETTING.format("entity_ids")}::uuid[]),
      'user_id', {_SETTING.format("user_id")},
      'organization_id', {_SETTING.format("organization_id")},
      'contact_id', {_SETTING.format("contact_id")},
      'team_id', {_SETTING.format("team_id")},
      'acts_as', NULL
    );
    IF job_entity IS NOT NULL AND NOT coalesce(job_entity = ANY ({_SETTING.format("entity_ids")}::uuid[]), false) THEN
      RAISE insufficient_privilege USING MESSAGE = 'the job is for an entity that is not the actor''s';
    END IF;
  END IF;
  INSERT INTO job (name, queue, arguments, key, actor, user_id, entity_id, run_at) VALUES (
    job_name, job_queue, job_arguments, job_key, job_actor, (job_actor ->> 'user_id')::uuid, job_entity,
    coalesce(job_run_at, now())
  ) ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING RETURNING id INTO made;
  IF made IS NULL THEN
    SELECT id INTO made FROM job WHERE name = job_name AND key = job_key;
  ELSIF job_run_at IS NULL OR job_run_at <= now() THEN
    PERFORM pg_notify('{CHANNEL}', job_queue);
  END IF;
  RETURN made;
END $$"""  # noqa: S608  # constants of this module

_CONCLUDE = """
CREATE OR REPLACE FUNCTION conclude_job(job_id uuid, attempt integer) RETURNS boolean LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE job SET state = 'DONE', lease_until = NULL, finished_at = clock_timestamp(), progress = 1, error = NULL
  WHERE id = job_id AND state = 'RUNNING' AND attempts = attempt
  RETURNING true
$$"""


def statements() -> Iterator[str]:
    """The functions, replaced by every migration."""
    yield _ENQUEUE
    yield _CONCLUDE
    everybody = "chargecars_staff, chargecars_partner, chargecars_customer, chargecars_technician, chargecars_system"
    for signature in (
        "enqueue_job(text, text, jsonb, text, jsonb, uuid, timestamptz)",
        "conclude_job(uuid, integer)",
    ):
        yield f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"
        yield f"GRANT EXECUTE ON FUNCTION {signature} TO {everybody}"
