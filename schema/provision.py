"""Makes the roles in a database and grants them what they need, as far as the connecting user may.

Everything here can be repeated, so that a role that a DBA makes later gets its grants at the next upgrade.
"""

from collections.abc import Iterator

import psycopg
from psycopg import errors

from nlq.errors import SettingsError
from schema import row_filter
from schema.roles import (
    LISTED,
    READABLE,
    SCOPE_KEY,
    SEQUENCES,
    WRITABLE,
    Role,
    Roles,
    bounded,
    create,
    grants,
    quoted,
    read_only,
    revokes,
)

_MARK = "Made by nlq db upgrade"
"""Comment on a role that an upgrade made: only such a role gets a password here, and is dropped again."""

_PUBLIC_RIGHTS = {
    "TEMPORARY": (
        "SELECT has_database_privilege('public', current_database(), 'TEMPORARY')",
        "GRANT TEMPORARY ON DATABASE {database} TO PUBLIC",
    ),
    "CREATE": (
        "SELECT has_schema_privilege('public', 'public', 'CREATE')",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
    ),
}
"""What PUBLIC loses: right -> how to see whether it has it, how to give it back."""

_POWERS = """
SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication
       OR rolname = current_user
       OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid)
FROM pg_roles WHERE rolname = %s
"""

_REACH = """
SELECT format('%%I.%%I', n.nspname, c.relname),
       array(SELECT r FROM unnest(%(rights)s::text[]) r WHERE has_table_privilege(%(role)s, c.oid, r))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%%'
  AND has_schema_privilege(%(role)s, n.oid, 'USAGE')
ORDER BY 1
"""
"""Every relation of the database that is not PostgreSQL's own, and what a role may do with it."""

_READ = frozenset({"SELECT"})
_WRITE = frozenset({"SELECT", "INSERT", "UPDATE"})
_RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"]


_FOREIGN_POWERS = """
SELECT format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
       pg_get_userbyid(p.proowner), p.prosecdef
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('information_schema', 'nlq') AND n.nspname NOT LIKE 'pg\\_%%'
  AND (p.prosecdef OR p.proname LIKE 'dblink%%')
  AND has_schema_privilege(%(role)s, n.oid, 'USAGE') AND has_function_privilege(%(role)s, p.oid, 'EXECUTE')
ORDER BY 1
"""
"""Functions of others through which a role could do what it may not do itself."""


def apply(connection: psycopg.Connection, roles: Roles, filter_rows: bool | None = None) -> tuple[str, ...]:
    """Make the roles and grant them what they need; what the connecting user may not do is left undone.

    Args:
        connection: of the owner.
        roles: the reader and the writer.
        filter_rows: whether the reader sees the rows of a scope only; None leaves that as it is.

    Returns:
        What is still missing, one sentence each.

    Raises:
        SettingsError: one of the roles has rights that it must not have.
    """
    for role in roles:
        _refuse_powerful(connection, role)
        _provide(connection, role)
    if missing := [role.name for role in roles if not _exists(connection, role)]:
        return tuple(f"The role {name} does not exist." for name in missing)
    if not _is_read_only(connection, roles.reader):
        _attempt(connection, read_only(roles.reader))
    _attempt(connection, bounded(roles.reader))
    _remember_public_rights(connection)
    for statement in grants(roles, connection.info.dbname):
        _attempt(connection, statement)
    if filter_rows:
        row_filter.attempt(connection, roles.reader.name)
        return (*_gaps(connection, roles), *row_filter.gaps(connection, roles.reader.name))
    if filter_rows is not None:
        row_filter.remove(connection)
    return tuple(_gaps(connection, roles))


def withdraw(connection: psycopg.Connection, roles: Roles) -> None:
    """Take back what `apply` gave, and drop the roles that it made unless something else needs them."""
    present = [role for role in roles if _exists(connection, role)]
    if len(present) == len(list(roles)):
        for statement in revokes(roles, connection.info.dbname):
            _attempt(connection, statement)
    _give_back_public_rights(connection)
    for role in present:
        if _made_here(connection, role):
            _attempt(connection, f"DROP ROLE {quoted(role.name)}")


def _refuse_powerful(connection: psycopg.Connection, role: Role) -> None:
    found = connection.execute(_POWERS, (role.name,)).fetchone()
    if found and found[0]:
        raise SettingsError(
            f"The role {role.name} has more rights than answering questions needs: it is the owner, may make "
            "roles or databases, bypasses row security, or is a member of another role. "
            "Please name a role of its own in NLQ_READER_URL and NLQ_WRITER_URL."
        )


def _provide(connection: psycopg.Connection, role: Role) -> None:
    """Make `role` if it is missing, and set its password if an upgrade made it."""
    if not _exists(connection, role) and _attempt(connection, create(role)):
        _attempt(connection, f"COMMENT ON ROLE {quoted(role.name)} IS '{_MARK}'")
    if role.password is not None and _made_here(connection, role):
        hashed = connection.pgconn.encrypt_password(
            role.password.encode(), role.name.encode(), b"scram-sha-256"
        ).decode()
        _attempt(connection, f"ALTER ROLE {quoted(role.name)} PASSWORD '{hashed}'")


def _attempt(connection: psycopg.Connection, statement: str) -> bool:
    """Whether `statement` was run; not where the connecting user may not, or something depends on it."""
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except (errors.InsufficientPrivilege, errors.UndefinedTable, errors.DependentObjectsStillExist):
        return False
    return True


def _exists(connection: psycopg.Connection, role: Role) -> bool:
    return _is_true(connection, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", role.name)


def _made_here(connection: psycopg.Connection, role: Role) -> bool:
    query = "SELECT shobj_description(oid, 'pg_authid') = %s FROM pg_roles WHERE rolname = %s"
    return _is_true(connection, query, _MARK, role.name)


def _is_read_only(connection: psycopg.Connection, role: Role) -> bool:
    query = "SELECT 'default_transaction_read_only=on' = ANY (rolconfig) FROM pg_roles WHERE rolname = %s"
    return _is_true(connection, query, role.name)


def _is_true(connection: psycopg.Connection, query: str, *values: str) -> bool:
    row = connection.execute(query.encode(), values).fetchone()
    return bool(row and row[0])


def _remember_public_rights(connection: psycopg.Connection) -> None:
    for right, (has_it, _) in _PUBLIC_RIGHTS.items():
        if _is_true(connection, has_it):
            connection.execute(
                "INSERT INTO nlq.installed VALUES ('revoked', %s) ON CONFLICT DO NOTHING", (right,)
            )


def _give_back_public_rights(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT name FROM nlq.installed WHERE kind = 'revoked'").fetchall()
    for (right,) in rows:
        _, give_back = _PUBLIC_RIGHTS[right]
        _attempt(connection, give_back.format(database=quoted(connection.info.dbname)))


def _gaps(connection: psycopg.Connection, roles: Roles) -> Iterator[str]:
    """Sentences on what the roles lack, and on what they may do beyond their work."""
    if not _is_read_only(connection, roles.reader):
        yield f"The transactions of {roles.reader.name} do not begin read-only."
    for role in roles:
        if _is_true(connection, "SELECT has_database_privilege(%s, current_database(), 'TEMP')", role.name):
            yield f"{role.name} may make temporary tables."
        if _is_true(connection, "SELECT has_schema_privilege(%s, 'public', 'CREATE')", role.name):
            yield f"{role.name} may make tables in the schema public."
    yield from _relation_gaps(connection, roles.reader, dict.fromkeys(READABLE, _READ))
    for function, owner, runs_as_owner in connection.execute(_FOREIGN_POWERS, {"role": roles.reader.name}):
        does = f"works with the rights of {owner}" if runs_as_owner else "reaches other databases"
        yield f"{roles.reader.name} may call {function}, which {does}: revoke EXECUTE from PUBLIC if you can."
    writes, lists = dict.fromkeys(WRITABLE, _WRITE), dict.fromkeys(LISTED, _READ)
    yield from _relation_gaps(connection, roles.writer, {**writes, **lists, SCOPE_KEY: _READ})
    for sequence in SEQUENCES:
        query = "SELECT has_sequence_privilege(%s, to_regclass(%s), 'USAGE')"
        if not _is_true(connection, query, roles.writer.name, sequence):
            yield f"{roles.writer.name} may not use the sequence {sequence}."


def _relation_gaps(
    connection: psycopg.Connection, role: Role, needed: dict[str, frozenset[str]]
) -> Iterator[str]:
    rows = connection.execute(_REACH, {"role": role.name, "rights": _RIGHTS}).fetchall()
    held = {relation: frozenset(rights) for relation, rights in rows}
    for relation in sorted(needed.keys() | held.keys()):
        has, needs = held.get(relation, frozenset()), needed.get(relation, frozenset())
        if needs - has:
            yield f"{role.name} lacks {', '.join(sorted(needs - has))} on {relation}."
        if has - needs:
            yield f"{role.name} should not have {', '.join(sorted(has - needs))} on {relation}."
