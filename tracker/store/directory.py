"""The sources as requests see them: a copy at hand, which is about as old as it may be."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine

from tracker.core.model import Micros, Source
from tracker.core.refusal import Unavailable
from tracker.store.sources import all_sources

REFRESHED_EVERY: Micros = 2_000_000
"""How old a copy of the sources may be: a disabled one is refused well within the 5 seconds of protocol §2."""
ASKED_AGAIN_EVERY: Micros = 100_000
"""How soon a refusal asks the database again, so that a source made a moment ago is found."""


_NOBODY = Source(id="", name="", enabled=False, origins=("https://nobody.invalid",))


@dataclass(slots=True)
class _Copy:
    sources: dict[str, Source]
    read_at: Micros


class Directory:
    """The sources as a request sees them: a copy about two seconds old, asked again before anybody is refused."""

    def __init__(self, engine: Engine, clock: Callable[[], Micros]) -> None:
        self._engine = engine
        self._clock = clock
        self._copy = _Copy({}, 0)
        self._is_being_read = False

    def all(self, *, at_most: Micros = REFRESHED_EVERY) -> dict[str, Source]:
        """Return all sources by id, read again where the copy is older than ``at_most`` microseconds.

        While one request reads them, those that are let in by a copy of up to twice the usual age need not ask too.
        """
        now = self._clock()
        if self._is_being_read and at_most == REFRESHED_EVERY:
            at_most *= 2
        if not 0 <= now - self._copy.read_at < at_most:
            self._is_being_read = True
            try:
                self._copy = _Copy({source.id: source for source in all_sources(self._engine)}, now)
            finally:
                self._is_being_read = False
        return self._copy.sources

    def last_seen(self) -> list[Source]:
        """Return the sources of the copy at hand; the database is asked only where there is none yet."""
        if not self._copy.read_at:
            with suppress(Unavailable):
                self.all()
        return list(self._copy.sources.values())

    def identify_generations(self, source_id: str) -> tuple[int, int]:
        """Return (the present generation of a source's identify secret, the oldest that is believed)."""
        source = self.all().get(source_id)
        return source.identify_generations if source else (0, 0)

    def find(self, source_id: str, accepts: Callable[[Source], bool]) -> Source | None:
        """Return the source of that id if it accepts the request, else None.

        Every refusal has asked the database at most a tenth of a second before: unknown, disabled and
        not-allowed sources take the same path and so the same time.
        """
        for age in (REFRESHED_EVERY, ASKED_AGAIN_EVERY):
            source = self.all(at_most=age).get(source_id)
            # One that is not there is looked at as closely as one that is.
            if accepts(source or _NOBODY) and source is not None:
                return source
        return None
