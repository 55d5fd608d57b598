"""Promises of the reader and the writer: what each may do, and that it may do nothing else."""

import uuid

import psycopg
import pytest
from psycopg import errors

from nlq.errors import SettingsError
from schema.migrate import downgrade, upgrade
from schema.roles import READABLE, WRITABLE, Role, Roles, from_urls, login_url, quoted, script
from tests import page
from tests.conftest import ROLES
from tests.postgres import READER_PASSWORD, Database

PrivilegeError = errors.InsufficientPrivilege


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def role_exists(url: str, role: Role) -> bool:
    return one(url, f"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role.name}')") is True


@pytest.fixture
def new_roles() -> Roles:
    """Roles that no other database of the server knows, with names that need quoting."""
    mark = uuid.uuid4().hex[:8]
    return Roles(Role(f"reader {mark}", "r'1"), Role(f'wri"ter {mark}', "w'2"))


@pytest.fixture
def plain_user(database: str) -> Role:
    """A user who may make schemas in `database`, but no roles."""
    user = Role(f"user_{uuid.uuid4().hex[:8]}", "u")
    name = one(database, "SELECT current_database()")
    run(
        database,
        f"CREATE ROLE {user.name} LOGIN PASSWORD '{user.password}'",
        f"GRANT CREATE ON DATABASE {name} TO {user.name}",
    )
    return user


def run_script(url: str, roles: Roles) -> None:
    """Do what a DBA does with the script: run it, and set the passwords where it asks for them."""
    lines = script(roles, str(one(url, "SELECT current_database()"))).splitlines()
    asked = [line.removeprefix("\\password ") for line in lines if line.startswith("\\password ")]
    run(url, "\n".join(line for line in lines if not line.startswith("\\")))
    for name, role in zip(asked, roles, strict=True):
        run(url, f"ALTER ROLE {name} PASSWORD $${role.password}$$")


@pytest.mark.parametrize("relation", READABLE)
def test_the_reader_reads_what_answers_are_made_from(migrated: Database, relation: str) -> None:
    assert one(migrated.reader_url, f"SELECT count(*) FROM {relation}") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM query_history",
        "SELECT * FROM nlq.query_details",
        "SELECT * FROM nlq.conversations",
        "SELECT * FROM nlq.feedback",
        "SELECT * FROM nlq.installed",
        "SELECT * FROM pg_authid",
        "SELECT * FROM teams FOR UPDATE",
        "INSERT INTO teams (name) VALUES ('x')",
        "INSERT INTO query_history (query_text) VALUES ('x')",
        "UPDATE kpi_data SET value = 0",
        "DELETE FROM anomalies",
        "WITH gone AS (DELETE FROM kpi_data RETURNING *) SELECT * FROM gone",
        "TRUNCATE regions",
        "DROP TABLE teams",
        "DROP VIEW nlq.kpi_values",
        "ALTER TABLE teams ADD COLUMN x int",
        "CREATE TABLE public.mine (x int)",
        "CREATE TABLE nlq.mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
        "SELECT 1 AS x INTO TEMP mine",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT nextval('teams_id_seq')",
        "SELECT setval('kpi_data_id_seq', 1)",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/hostname')",
        "COPY teams TO '/tmp/teams'",
        "COPY teams FROM PROGRAM 'id'",
        "SET ROLE postgres",
        "SELECT pg_reload_conf()",
    ],
)
def test_the_reader_can_do_nothing_else_even_outside_of_a_read_only_transaction(
    migrated: Database, statement: str
) -> None:
    with pytest.raises(PrivilegeError):
        run(migrated.reader_url, "SET TRANSACTION READ WRITE", statement)


def test_the_readers_transactions_begin_read_only(migrated: Database) -> None:
    assert one(migrated.reader_url, "SHOW transaction_read_only") == "on"
    with pytest.raises(errors.ReadOnlySqlTransaction):
        run(migrated.reader_url, "CREATE TABLE mine (x int)")


@pytest.mark.parametrize("relation", WRITABLE)
def test_the_writer_reads_and_changes_the_history_but_deletes_nothing(
    migrated: Database, relation: str
) -> None:
    key = one(
        migrated.owner_url,
        f"SELECT attname FROM pg_attribute WHERE attrelid = '{relation}'::regclass AND attnum = 1",
    )
    run(migrated.writer_url, f"SELECT * FROM {relation}", f"UPDATE {relation} SET {key} = {key}")
    with pytest.raises(PrivilegeError):
        run(migrated.writer_url, f"DELETE FROM {relation}")
    with pytest.raises(PrivilegeError):
        run(migrated.writer_url, f"TRUNCATE {relation} CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        *(f"SELECT * FROM {relation}" for relation in READABLE),
        "INSERT INTO kpi_data (value) VALUES (1)",
        "CREATE TABLE public.mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
        "DROP TABLE query_history",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
def test_the_writer_can_do_nothing_else(migrated: Database, statement: str) -> None:
    with pytest.raises(PrivilegeError):
        run(migrated.writer_url, statement)


def test_the_writer_numbers_new_rows_itself(migrated: Database) -> None:
    run(
        migrated.writer_url,
        "INSERT INTO query_history (query_text) VALUES ('x')",
        "INSERT INTO nlq.feedback (query_id, verdict) SELECT id, 'right' FROM query_history",
    )


def test_each_role_needs_its_own_password(migrated: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        run(migrated.reader_url.replace("reader%27s", "writer%27s"), "SELECT 1")


def test_a_password_is_stored_as_a_hash_and_shown_nowhere(migrated: Database) -> None:
    stored = one(migrated.owner_url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'nlq_reader'")
    assert str(stored).startswith("SCRAM-SHA-256$")
    assert READER_PASSWORD not in repr(ROLES) + script(ROLES, "db")


def test_a_new_password_holds_after_the_next_upgrade(database: str, new_roles: Roles) -> None:
    upgrade(database, new_roles)
    changed = Roles(Role(new_roles.reader.name, "new"), new_roles.writer)
    assert upgrade(database, changed) == ()
    assert one(login_url(database, changed.reader), "SELECT 1") == 1
    with pytest.raises(psycopg.OperationalError):
        run(login_url(database, new_roles.reader), "SELECT 1")


def test_an_owner_who_may_make_no_roles_gets_a_script_that_works(
    database: str, new_roles: Roles, plain_user: Role
) -> None:
    run(database, f"ALTER DATABASE {one(database, 'SELECT current_database()')} OWNER TO {plain_user.name}")
    owner_url = login_url(database, plain_user)
    gaps = upgrade(owner_url, new_roles)
    assert gaps == tuple(f"The role {role.name} does not exist." for role in new_roles)

    run_script(database, new_roles)
    assert upgrade(owner_url, new_roles) == ()
    assert one(login_url(database, new_roles.reader), "SELECT count(*) FROM nlq.kpi_values") == 0
    with pytest.raises(PrivilegeError):
        run(login_url(database, new_roles.reader), "SELECT * FROM query_history")


def test_an_owner_who_may_make_roles_needs_no_superuser(
    database: str, new_roles: Roles, plain_user: Role
) -> None:
    run(
        database,
        f"ALTER DATABASE {one(database, 'SELECT current_database()')} OWNER TO {plain_user.name}",
        f"ALTER ROLE {plain_user.name} CREATEROLE",
    )
    owner_url = login_url(database, plain_user)
    assert upgrade(owner_url, new_roles) == ()
    assert upgrade(owner_url, new_roles) == ()
    assert one(login_url(database, new_roles.reader), "SELECT count(*) FROM nlq.kpi_values") == 0
    downgrade(owner_url, new_roles)
    assert not any(role_exists(database, role) for role in new_roles)


def test_what_a_user_who_owns_nothing_cannot_grant_is_listed_until_a_dba_ran_the_script(
    database: str, new_roles: Roles, plain_user: Role
) -> None:
    run(database, *page.table_statements(), *page.index_statements())
    run(database, f"GRANT SELECT, REFERENCES, TRIGGER ON query_history TO {plain_user.name}")
    run(database, *(f"CREATE ROLE {quoted(role.name)} LOGIN" for role in new_roles))
    reader, writer = (role.name for role in new_roles)
    gaps = upgrade(login_url(database, plain_user), new_roles)
    assert {
        f"The transactions of {reader} do not begin read-only.",
        f"{reader} may make temporary tables.",
        f"{reader} lacks SELECT on public.kpi_data.",
        f"{writer} lacks INSERT, SELECT, UPDATE on public.query_history.",
        f"{writer} may not use the sequence public.query_history_id_seq.",
    } <= set(gaps)
    assert f"{reader} lacks SELECT on nlq.kpi_values." not in gaps

    run_script(database, new_roles)
    assert upgrade(login_url(database, plain_user), new_roles) == ()


def test_a_role_of_a_dba_gets_its_grants_but_keeps_its_password(database: str, new_roles: Roles) -> None:
    reader = quoted(new_roles.reader.name)
    run(database, f"CREATE ROLE {reader} LOGIN PASSWORD 'dba'")
    assert upgrade(database, new_roles) == ()
    assert one(login_url(database, Role(new_roles.reader.name, "dba")), "SELECT count(*) FROM teams") == 0
    downgrade(database, new_roles)
    assert role_exists(database, new_roles.reader)
    assert not role_exists(database, new_roles.writer)


def test_a_role_with_great_powers_is_refused(database: str, new_roles: Roles) -> None:
    run(database, f"CREATE ROLE {quoted(new_roles.reader.name)} LOGIN BYPASSRLS")
    with pytest.raises(SettingsError, match="more rights than answering questions needs"):
        upgrade(database, new_roles)
    with pytest.raises(SettingsError, match="postgres"):
        upgrade(database, Roles(Role("postgres"), new_roles.writer))


def test_rights_that_a_role_should_not_have_are_reported(migrated: Database) -> None:
    run(
        migrated.owner_url,
        "GRANT SELECT ON query_history TO PUBLIC",
        "GRANT DELETE ON teams TO nlq_reader",
        "GRANT CREATE ON SCHEMA public TO nlq_reader",
    )
    assert upgrade(migrated.owner_url, ROLES) == (
        "nlq_reader may make tables in the schema public.",
        "nlq_reader should not have SELECT on public.query_history.",
        "nlq_reader should not have DELETE on public.teams.",
    )


def test_a_downgrade_takes_the_roles_and_gives_public_its_rights_back(
    database: str, new_roles: Roles
) -> None:
    public_may = "SELECT has_database_privilege('public', current_database(), 'TEMP')"
    upgrade(database, new_roles)
    assert one(database, public_may) is False
    downgrade(database, new_roles)
    assert one(database, public_may) is True
    assert not any(role_exists(database, role) for role in new_roles)


def test_a_role_that_another_database_uses_survives_a_downgrade(database: str, migrated: Database) -> None:
    upgrade(database, ROLES)
    downgrade(database, ROLES)
    assert one(migrated.reader_url, "SELECT count(*) FROM teams") == 0


def test_the_urls_of_the_settings_name_the_roles() -> None:
    roles = from_urls("postgresql://ann:s%2Fecret@db/kpis", None)
    assert (roles.reader, roles.writer) == (Role("ann", "s/ecret"), Role("nlq_writer"))
    assert from_urls(None, None) == Roles()


@pytest.mark.parametrize(
    ("reader", "writer", "message"),
    [
        ("postgresql://db/kpis", None, "NLQ_READER_URL names no user"),
        (None, "nonsense", "NLQ_WRITER_URL is not a PostgreSQL URL"),
        ("postgresql://ann@db/kpis", "postgresql://ann@db/kpis", "the same user"),
    ],
)
def test_urls_that_name_no_two_users_are_refused(
    reader: str | None, writer: str | None, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        from_urls(reader, writer)
