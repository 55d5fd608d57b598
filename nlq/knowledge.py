"""What the service knows of the data, kept fresh: the catalogue and what is made from it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from nlq import prompting
from nlq.catalog import Catalog
from nlq.catalog.load import Fetch, fingerprint, load
from nlq.catalog.refine import Refinement
from nlq.linking.names import Names

LOOK_EVERY_S = 60.0
"""How old knowledge may be before the tables are looked at again."""


@dataclass(frozen=True)
class Knowledge:
    """A catalogue, and what is made from it once: names to link, and the static prompt."""

    catalog: Catalog
    names: Names
    static_prompt: str

    @classmethod
    def of(cls, catalog: Catalog) -> "Knowledge":
        """All that `catalog` says."""
        return cls(catalog, Names(catalog), prompting.system(catalog))


class KnowledgeSource:
    """Gives the newest knowledge; `prepare` is called with it before it is used, for the model's sake."""

    def __init__(
        self, fetch: Fetch, refinement: Refinement, prepare: Callable[[Knowledge], object] | None = None
    ) -> None:
        self._fetch, self._refinement, self._prepare = fetch, refinement, prepare
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
        fresh = Knowledge.of(load(self._fetch, self._refinement))
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
