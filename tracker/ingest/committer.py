"""From a payload to a committed decision: gather, decide, write, and only then answer."""

from dataclasses import dataclass

from tracker.core.known import absorb
from tracker.core.model import Fresh, Payload, Source
from tracker.core.resolution import resolve
from tracker.core.steps import Resolution, Step
from tracker.ingest.fresh import Clock, NewId, fresh_for
from tracker.store.applying import apply
from tracker.store.engine import Connection, Engine, transaction
from tracker.store.repository import Digest, known


@dataclass(frozen=True, slots=True)
class Committer:
    """Records payloads; whoever gets a Resolution back may tell the client that it is stored."""

    engine: Engine
    clock: Clock
    new_id: NewId
    digest: Digest

    def record(self, payload: Payload, sources: dict[str, Source]) -> Resolution:
        """Return what became of a payload once it is committed; Unavailable where it could not be stored."""
        fresh = fresh_for(payload, self.clock, self.new_id)
        return commit(self.engine, [(payload, fresh)], sources, self.digest)[0]


def commit(
    engine: Engine, batch: list[tuple[Payload, Fresh]], sources: dict[str, Source], digest: Digest
) -> list[Resolution]:
    """Decide and write a batch in one transaction; returns a Resolution for each payload, in order."""

    def work(conn: Connection) -> list[Resolution]:
        found = known(conn, [payload for payload, _ in batch], dict(sources), digest)
        resolutions: list[Resolution] = []
        steps: list[Step] = []
        for payload, fresh in batch:
            resolution = resolve(payload, found, fresh)
            absorb(found, resolution.steps)
            steps.extend(resolution.steps)
            resolutions.append(resolution)
        apply(conn, steps)
        return resolutions

    return transaction(engine, work)
