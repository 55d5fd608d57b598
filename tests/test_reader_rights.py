"""The reader's rights, as PostgreSQL's own catalogue tells them: what it needs, and nothing besides."""

from collections.abc import Iterator

import psycopg
import pytest

from schema.migrate import upgrade
from schema.roles import READABLE, SCOPE_FUNCTIONS
from tests.conftest import ROLES
from tests.postgres import Database

READER = "nlq_reader"


@pytest.fixture
def owner(migrated: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(migrated.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.salaries (id serial, amount int)")
        connection.execute("CREATE SCHEMA others")
        yield connection


def names(owner: psycopg.Connection, query: str) -> set[str]:
    return {str(name) for (name,) in owner.execute(query.encode(), {"reader": READER})}


def test_it_may_select_from_seven_relations_and_do_nothing_else_to_any(owner: psycopg.Connection) -> None:
    rights = "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER MAINTAIN".split()
    for right in rights:
        held = names(
            owner,
            "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%%'"
            f" AND n.nspname <> 'information_schema' AND has_table_privilege(%(reader)s, c.oid, '{right}')",
        )
        expected = {name.removeprefix("public.") for name in READABLE} if right == "SELECT" else set()
        assert held == expected, right


def test_it_may_change_no_system_catalogue_and_read_none_that_holds_secrets(
    owner: psycopg.Connection,
) -> None:
    system = "FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')"
    for right in ("INSERT", "DELETE", "TRUNCATE"):
        assert (
            names(owner, f"SELECT relname {system} AND has_table_privilege(%(reader)s, oid, '{right}')")
            == set()
        )
    readable = names(owner, f"SELECT relname {system} AND has_table_privilege(%(reader)s, oid, 'SELECT')")
    secret = {
        "pg_authid",
        "pg_shadow",
        "pg_statistic",
        "pg_largeobject",
        "pg_user_mapping",
        "pg_hba_file_rules",
    }
    assert readable & secret == set()


def test_it_may_use_two_schemas_and_create_in_none(owner: psycopg.Connection) -> None:
    schemas = "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%(reader)s, oid, '{}')"
    system = {"pg_catalog", "information_schema"}
    assert names(owner, schemas.format("USAGE")) - system == {"public", "nlq"}
    assert names(owner, schemas.format("CREATE")) == set()


def test_it_may_connect_and_make_nothing_in_the_database(owner: psycopg.Connection) -> None:
    rights = "SELECT r FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMP']) r" \
             " WHERE has_database_privilege(%(reader)s, current_database(), r)"  # fmt: skip
    assert names(owner, rights) == {"CONNECT"}
    spaces = "SELECT spcname FROM pg_tablespace WHERE has_tablespace_privilege(%(reader)s, oid, 'CREATE')"
    assert names(owner, spaces) == set()


def test_it_uses_no_sequence_and_no_foreign_server_and_sets_no_guarded_parameter(
    owner: psycopg.Connection,
) -> None:
    for query in (
        "SELECT seqrelid::regclass FROM pg_sequence"
        " WHERE has_sequence_privilege(%(reader)s, seqrelid, 'USAGE, SELECT, UPDATE')",
        "SELECT srvname FROM pg_foreign_server WHERE has_server_privilege(%(reader)s, oid, 'USAGE')",
        "SELECT fdwname FROM pg_foreign_data_wrapper"
        " WHERE has_foreign_data_wrapper_privilege(%(reader)s, oid, 'USAGE')",
        "SELECT parname FROM pg_parameter_acl WHERE has_parameter_privilege(%(reader)s, parname, 'SET')",
    ):
        assert names(owner, query) == set(), query


def test_of_our_functions_it_calls_those_for_scopes_and_such_that_only_compute(
    owner: psycopg.Connection,
) -> None:
    held = names(
        owner,
        "SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname IN ('nlq', 'public') AND has_function_privilege(%(reader)s, p.oid, 'EXECUTE')"
        " AND p.prorettype <> 'trigger'::regtype AND (p.prosecdef OR p.provolatile <> 'i')",
    )
    assert held == set(SCOPE_FUNCTIONS) - {"nlq.nowhere()"}


def test_of_what_postgresql_keeps_from_the_public_it_may_call_nothing(owner: psycopg.Connection) -> None:
    held = names(
        owner,
        "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
        " AND has_function_privilege(%(reader)s, oid, 'EXECUTE') AND proacl IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM aclexplode(proacl) AS a WHERE a.grantee = 0)",
    )
    assert held == set()


def test_it_is_nobody_s_member_owns_nothing_and_has_no_power_of_its_own(owner: psycopg.Connection) -> None:
    assert (
        names(owner, "SELECT roleid::regrole FROM pg_auth_members WHERE member = %(reader)s::regrole")
        == set()
    )
    owned = "SELECT objid FROM pg_shdepend WHERE refobjid = %(reader)s::regrole AND deptype = 'o'"
    assert names(owner, owned) == set()
    powers = (
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolinherit"
        " FROM pg_roles WHERE rolname = %(reader)s"
    )
    assert names(owner, powers) == {"False"}


def test_its_own_settings_begin_read_only_and_bound_its_disk(owner: psycopg.Connection) -> None:
    settings = names(owner, "SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = %(reader)s")
    assert settings == {"default_transaction_read_only=on", "temp_file_limit=1GB"}


def test_functions_of_others_that_would_give_it_more_are_named(
    owner: psycopg.Connection, migrated: Database
) -> None:
    owner.execute("CREATE FUNCTION public.dblink(text) RETURNS text LANGUAGE sql AS 'SELECT $1'")
    owner.execute("CREATE FUNCTION public.pay(n int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT n'")
    owner.execute("CREATE FUNCTION others.pay() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
    assert upgrade(migrated.owner_url, ROLES) == (
        "nlq_reader may call public.dblink(text), which reaches other databases:"
        " revoke EXECUTE from PUBLIC if you can.",
        "nlq_reader may call public.pay(n integer), which works with the rights of postgres:"
        " revoke EXECUTE from PUBLIC if you can.",
    )
