"""Which questions of the history somebody may see: reviewers who may see every row all, others their own.

Answers hold numbers, so the history of others is for those only whom the access file shows all of them.
"""

from dataclasses import replace

from flask import abort

from nlq.access import EVERYTHING
from nlq.catalog import Catalog
from nlq.errors import UnknownQuestion
from nlq.history_list import HistoryEntry
from nlq.signing_in import Role
from nlq.web import identity
from nlq.web.history_query import Wanted
from nlq.web.ports import service


def visible_part(wanted: Wanted) -> Wanted:
    """What of `wanted` who asks may see.

    Raises:
        HTTPException: 403 for the questions of somebody else.
    """
    if sees_all():
        return wanted
    user = identity.current().user
    if wanted.filters.user not in {None, user}:
        abort(403, "You can see your own questions; those of others are for reviewers.")
    return replace(wanted, filters=replace(wanted.filters, user=user))


def visible_catalog() -> Catalog:
    """What who asks can ask about."""
    return service().catalog(identity.question())


def visible(query_id: int) -> HistoryEntry:
    """The question `query_id`, if who asks may see it.

    Raises:
        UnknownQuestion: there is none, or it is somebody else's.
    """
    entry = service().history.get(query_id)
    if entry is None or not (sees_all() or entry.user == identity.current().user):
        raise UnknownQuestion(f"There is no question with the id {query_id}.")
    return entry


def sees_all() -> bool:
    """Whether who asks may see the questions of everybody."""
    return identity.may(Role.REVIEWER) and service().scope(identity.question()) == EVERYTHING
