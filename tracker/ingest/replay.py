"""Quarantined events stored after all, one transaction each: what fails stays where it is and says why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tracker.core.refusal import Unavailable
from tracker.core.replaying import CannotReplay
from tracker.ingest.fresh import NewId
from tracker.store import quarantine
from tracker.store.engine import Engine, Rejected, StatementFailed, transaction
from tracker.store.repository import Digest

_AWAY = "The database cannot store it now; try again in a while."
_REFUSED = "The database still does not take what it holds."


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one quarantined event: ``stored``, ``duplicate``, or why it stays."""

    source_id: str
    id: str
    fate: str
    why: str = ""
    unavailable: bool = False
    """It stays because of the database, whatever it says."""

    @property
    def worked(self) -> bool:
        return self.fate != "failed"


def replay(engine: Engine, found: Iterable[tuple[str, str]], new_id: NewId, digest: Digest) -> Iterator[Replayed]:
    """Yield what became of each of these (source id, event id); whoever repeats this does no harm."""
    away = False
    for source_id, event_id in found:
        if away:
            # Each try takes seconds, and would end as the one before it.
            yield Replayed(source_id, event_id, "failed", _AWAY, unavailable=True)
            continue
        task = new_id("request")
        work = partial(quarantine.replay, source_id=source_id, event_id=event_id, task=task, digest=digest)
        try:
            yield Replayed(source_id, event_id, transaction(engine, work))
        except (CannotReplay, quarantine.NotInQuarantine) as error:
            yield Replayed(source_id, event_id, "failed", str(error))
        except Rejected:
            yield Replayed(source_id, event_id, "failed", _REFUSED)
        except Unavailable as error:
            # A statement that fails need not fail for the next event.
            away = not isinstance(error, StatementFailed)
            yield Replayed(source_id, event_id, "failed", _AWAY, unavailable=True)
