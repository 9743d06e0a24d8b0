import { LEASE_ENDED } from './errors.ts';

/** Changes are kept for watches that read behind; an older one starts again. */
export const REVISIONS_KEPT = 1_000;
/** Of the lock that two processes take when they make the schema at once. */
const SETUP_LOCK = 4_713_026;

/** On this channel the name of a schema says that it changed. */
export const CHANNEL = 'elanus_meta';

/**
 * Tables and functions in `schema`. Every change first locks the one row of `state`: changes follow each other, and their
 * revisions rise in the order in which they become visible. Keys are bytea, which sorts by bytes and takes U+0000.
 */
export function setupSql(schema: string): string {
  return `
SELECT pg_advisory_xact_lock(${SETUP_LOCK});
CREATE SCHEMA IF NOT EXISTS "${schema}";
SET LOCAL search_path = "${schema}";
CREATE TABLE IF NOT EXISTS state (id int PRIMARY KEY CHECK (id = 0), revision bigint NOT NULL);
INSERT INTO state VALUES (0, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS entries (key bytea PRIMARY KEY, value bytea NOT NULL, revision bigint NOT NULL, lease uuid);
CREATE INDEX IF NOT EXISTS entries_lease ON entries (lease) WHERE lease IS NOT NULL;
CREATE TABLE IF NOT EXISTS leases (lease uuid PRIMARY KEY, ends timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS changes (revision bigint, key bytea, value bytea, PRIMARY KEY (revision, key));

CREATE OR REPLACE FUNCTION published(next bigint) RETURNS void LANGUAGE sql SET search_path = "${schema}" AS $$
  UPDATE state SET revision = next;
  DELETE FROM changes WHERE revision <= next - ${REVISIONS_KEPT};
  SELECT pg_notify('${CHANNEL}', '${schema}');
$$;

-- A null value deletes.
CREATE OR REPLACE FUNCTION txn(
  compare_keys bytea[], compare_revisions bigint[], keys bytea[], new_values bytea[], lease_ids uuid[],
  OUT succeeded boolean, OUT at_revision bigint
) LANGUAGE plpgsql SET search_path = "${schema}" AS $$
DECLARE
  next bigint;
  changed bigint;
BEGIN
  SELECT revision INTO at_revision FROM state FOR UPDATE;
  SELECT coalesce(bool_and(coalesce(e.revision, 0) = c.revision), true) INTO succeeded
    FROM unnest(compare_keys, compare_revisions) c(key, revision) LEFT JOIN entries e ON e.key = c.key;
  IF NOT succeeded THEN RETURN; END IF;
  IF EXISTS (SELECT FROM unnest(lease_ids) l(id) WHERE id IS NOT NULL
             AND NOT EXISTS (SELECT FROM leases WHERE lease = id AND ends > clock_timestamp())) THEN
    RAISE EXCEPTION 'lease has ended' USING ERRCODE = '${LEASE_ENDED}';
  END IF;
  next := at_revision + 1;
  INSERT INTO changes
    SELECT next, o.key, o.value FROM unnest(keys, new_values) o(key, value)
    WHERE o.value IS NOT NULL OR EXISTS (SELECT FROM entries e WHERE e.key = o.key);
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed = 0 THEN RETURN; END IF;
  DELETE FROM entries e USING unnest(keys, new_values) o(key, value) WHERE e.key = o.key AND o.value IS NULL;
  INSERT INTO entries
    SELECT o.key, o.value, next, o.lease FROM unnest(keys, new_values, lease_ids) o(key, value, lease)
    WHERE o.value IS NOT NULL
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision, lease = excluded.lease;
  PERFORM published(next);
  at_revision := next;
END $$;

-- Ends leases with their keys; null: those whose time has passed.
CREATE OR REPLACE FUNCTION end_leases(ending uuid[]) RETURNS void LANGUAGE plpgsql SET search_path = "${schema}" AS $$
DECLARE
  next bigint;
  changed bigint;
BEGIN
  SELECT revision + 1 INTO next FROM state FOR UPDATE;
  IF ending IS NULL THEN SELECT array_agg(lease) INTO ending FROM leases WHERE ends <= clock_timestamp(); END IF;
  DELETE FROM leases WHERE lease = ANY (ending);
  WITH gone AS (DELETE FROM entries WHERE lease = ANY (ending) RETURNING key)
    INSERT INTO changes SELECT next, key, NULL FROM gone;
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed > 0 THEN PERFORM published(next); END IF;
END $$;
`;
}
