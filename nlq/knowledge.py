"""What the service knows of the data, kept fresh: the catalogue and what is made from it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from nlq import prompting
from nlq.access import Scope
from nlq.catalog import Catalog
from nlq.catalog.load import Fetch, fingerprint, load
from nlq.catalog.refine import Refinement
from nlq.linking.names import Names

LOOK_EVERY_S = 60.0
"""How old knowledge may be before the tables are looked at again."""
MOST_SCOPES = 64
"""Scopes whose knowledge is kept at a time."""


@dataclass(frozen=True)
class Knowledge:
    """A catalogue, and what is made from it once: names to link, and the static prompt."""

    catalog: Catalog
    names: Names
    static_prompt: str
    scope: Scope
    """The rows that the catalogue was read from; statements about it are run over the same."""

    @classmethod
    def of(cls, catalog: Catalog, scope: Scope) -> "Knowledge":
        """All that `catalog` says."""
        return cls(catalog, Names(catalog), prompting.system(catalog), scope)


class KnowledgeSource:
    """Gives the newest knowledge of a scope, whose rows `fetch` reads.

    `prepare` is called with it before it is used, for the model's sake.
    """

    def __init__(
        self,
        fetch: Fetch,
        refinement: Refinement,
        scope: Scope,
        prepare: Callable[[Knowledge], object] | None = None,
    ) -> None:
        self._fetch, self._refinement, self._scope, self._prepare = fetch, refinement, scope, prepare
        self._lock = threading.Lock()
        self._known: Knowledge | None = None
        self._print = ""
        self._looked = 0.0

    def __call__(self) -> Knowledge:
        """The knowledge; at most one caller at a time looks whether the tables have changed.

        Raises:
            DatabaseUnavailable: there is no knowledge yet and the database cannot be reached.
        """
        known = self._known
        if known and time.monotonic() - self._looked < LOOK_EVERY_S:
            return known
        if not self._lock.acquire(blocking=known is None):
            assert known is not None  # noqa: S101 - else the lock was waited for
            return known
        try:
            return self._looked_up()
        finally:
            self._lock.release()

    def _looked_up(self) -> Knowledge:
        now = fingerprint(self._fetch)
        self._looked = time.monotonic()
        if self._known and now == self._print:
            return self._known
        fresh = Knowledge.of(load(self._fetch, self._refinement), self._scope)
        self._print = now
        if self._known is None or self._prepare is None or fresh.static_prompt == self._known.static_prompt:
            self._known = fresh
        else:
            threading.Thread(target=self._prepare_and_use, args=(fresh,), daemon=True).start()
        return self._known

    def _prepare_and_use(self, fresh: Knowledge) -> None:
        """Let questions go on with what is known until the model is ready for what is new."""
        assert self._prepare is not None  # noqa: S101 - the caller looked
        self._prepare(fresh)
        self._known = fresh


class ScopedKnowledge:
    """The knowledge of each scope, kept apart: what one person sees tells nobody else a name."""

    def __init__(self, source: Callable[[Scope], KnowledgeSource]) -> None:
        """`source` makes the source of a scope that was not asked for yet."""
        self._source = source
        self._lock = threading.Lock()
        self._sources: OrderedDict[Scope, KnowledgeSource] = OrderedDict()

    def __call__(self, scope: Scope) -> Knowledge:
        """The knowledge of `scope`.

        Raises:
            DatabaseUnavailable: there is no knowledge yet and the database cannot be reached.
        """
        with self._lock:
            source = self._sources.setdefault(scope, self._source(scope))
            self._sources.move_to_end(scope)
            if len(self._sources) > MOST_SCOPES:
                self._sources.popitem(last=False)
        return source()
