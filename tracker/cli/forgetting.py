"""What ``tracker db maintain`` says of its forgetting: what is kept for how long, and what is gone of which source."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from tracker.core.keeping import Keeping
from tracker.core.model import Micros
from tracker.core.plurals import counted, noun
from tracker.core.times import DAY, iso
from tracker.store import retention
from tracker.store.engine import Engine, reading, transaction
from tracker.store.retention import Gone

_KINDS = {"events": "event", "visits": "visit", "people": "person", "quarantined events": "quarantined event"}
"""What one of each kind is called."""


def told(kept: Keeping, now: Micros, dry_run: bool) -> Iterator[str]:
    """Yield a line for how long each source keeps what it has, and one for all others."""
    doing = "Would forget" if dry_run else "Forgetting"
    for source, moment in sorted(kept.own.items()):
        yield f"{doing} of {source} what is older than {_days(now - moment)} ({iso(moment)})."
    of_others = " of all others" if kept.own else ""
    if kept.others is None:
        yield f"Everything{of_others} is kept."
    else:
        yield f"{doing}{of_others} what is older than {_days(now - kept.others)} ({iso(kept.others)})."


def _days(time: Micros) -> str:
    # As the number was typed, without a comma.
    return f"{time // DAY} {noun(time // DAY, 'day')}"


def outcome(engine: Engine, kept: Keeping, dry_run: bool) -> Iterator[str]:
    """Forget, or only look, and yield a line for how many of each kind, and one for each source that had some."""
    if dry_run:
        gone = transaction(reading(engine), lambda conn: list(retention.would_forget(conn, kept)))
    else:
        gone = list(_shown(retention.forget(engine, kept)))
    of_each: Counter[str] = Counter()
    by_source: dict[str, Counter[str]] = {}
    for what, source, rows in gone:
        of_each[what] += rows
        if source:
            by_source.setdefault(source, Counter())[what] += rows
    yield from (f"  {of_each[what]:>12,} {noun(of_each[what], one, what)}" for what, one in _KINDS.items())
    for source, found in sorted(by_source.items()) if kept.own else ():
        yield f"  of {source}: " + ", ".join(
            counted(found[what], one, what) for what, one in _KINDS.items() if found[what]
        )


def _shown(forgotten: Iterable[Gone]) -> Iterator[Gone]:
    """Yield what was forgotten as it goes, and say on the way how far it is."""
    so_far: Counter[str] = Counter()
    for gone in forgotten:
        so_far[gone.what] += gone.rows
        if sys.stderr.isatty():
            number = so_far[gone.what]
            click.echo(f"\r  {number:>12,} {noun(number, _KINDS[gone.what], gone.what)} ", nl=False, err=True)
        yield gone
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
