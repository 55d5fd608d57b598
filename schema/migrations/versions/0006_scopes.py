"""Scopes: the key that seals them, and functions that say which rows a transaction may see.

Nothing is filtered by these alone; `schema.row_filter` makes the policies that use them.
"""

import secrets
from typing import cast

import psycopg
from alembic import op
from sqlalchemy import text

from schema import row_filter

revision = "0006"
down_revision = "0005"

KEY = """
CREATE TABLE nlq.scope_key (inner_pad bytea NOT NULL, outer_pad bytea NOT NULL);
CREATE UNIQUE INDEX scope_key_is_one ON nlq.scope_key ((true));
COMMENT ON TABLE nlq.scope_key IS
    'An HMAC key (RFC 2104), combined with both pads. Who can read it can write scopes';
"""

MARK = """
CREATE FUNCTION nlq.transaction_mark() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT concat(pg_backend_pid(), ' ', extract(epoch FROM now())); END
"""

GRANTED = """
CREATE FUNCTION nlq.granted() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH scope AS (
        SELECT left(value, 64) AS seal, substr(value, 65) AS claim
        FROM (SELECT current_setting('nlq.scope', true)) AS setting (value)
    ), wanted AS (
        SELECT encode(sha256(outer_pad || sha256(
            inner_pad || convert_to(nlq.transaction_mark() || ' ' || claim, 'UTF8')
        )), 'hex') AS seal
        FROM nlq.scope_key, scope
    )
    SELECT claim::jsonb FROM scope, wanted
    WHERE sha256(scope.seal::bytea) = sha256(wanted.seal::bytea);
END
"""
"""The seals are compared by their hashes, so that the time it takes tells nothing about the right one."""

VISIBLE = """
CREATE FUNCTION nlq.visible() RETURNS TABLE (team_id bigint, region_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT t.id, r.id
    FROM jsonb_to_recordset(nlq.granted()) AS g (teams text[], departments text[], regions text[])
    JOIN (SELECT id::bigint, name::text, department::text FROM public.teams
          UNION ALL SELECT nlq.nowhere(), NULL, NULL) AS t (id, name, department)
        ON (g.teams IS NULL OR t.name = ANY (g.teams))
        AND (g.departments IS NULL OR t.department = ANY (g.departments))
    JOIN (SELECT id::bigint, name::text FROM public.regions
          UNION ALL SELECT nlq.nowhere(), NULL) AS r (id, name)
        ON (g.regions IS NULL OR r.name = ANY (g.regions));
END
"""

NOWHERE = "CREATE FUNCTION nlq.nowhere() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN -9223372036854775808"

COMMENTS = """
COMMENT ON FUNCTION nlq.transaction_mark() IS 'What the seal of this transaction''s scope is made over';
COMMENT ON FUNCTION nlq.granted() IS
    'The grants in the setting nlq.scope, if its seal is right: [{}] is everything';
COMMENT ON FUNCTION nlq.visible() IS 'The pairs of team and region whose readings this transaction may see';
COMMENT ON FUNCTION nlq.nowhere() IS 'Stands for the id of the team or region of a reading that has none';
"""

FUNCTIONS = ("nlq.visible()", "nlq.granted()", "nlq.transaction_mark()", "nlq.nowhere()")


def upgrade() -> None:
    """Make a new key and the functions; the roles get their rights with the upgrade."""
    for statement in (KEY, NOWHERE, MARK, GRANTED, VISIBLE, COMMENTS):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    key = secrets.token_bytes(64)
    pads = {name: bytes(byte ^ pad for byte in key) for name, pad in (("inner", 0x36), ("outer", 0x5C))}
    op.get_bind().execute(text("INSERT INTO nlq.scope_key VALUES (:inner, :outer)"), pads)


def downgrade() -> None:
    """Drop them, with the policies that use them: the reader sees all rows again."""
    row_filter.remove(cast(psycopg.Connection, op.get_bind().connection.driver_connection))
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE nlq.scope_key")
