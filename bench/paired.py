"""``make bench-paired BASE=FOLDER``: this checkout's write path beside another one's, in bursts that take turns.

BASE is a checkout of an older version with a ``.venv`` of its own (``make install`` there). A machine that others use
gives the same code different figures ten minutes apart; two servers that run at the same time, each burst of one
between two bursts of the other, share whatever the machine does meanwhile.
"""

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from load import burst, meet_visitors
from servers import ROOT, prepared, running

VISITORS = 2_000


def ratios(base: Path, database: str, folder: Path, rounds: int, seconds: int) -> dict[str, list[float]]:
    """Return, for returning and for new visitors, this checkout's rate over the other's, a ratio a round."""
    found: dict[str, list[float]] = {"returning": [], "new": []}
    with ExitStack() as stack:
        old_env, env = (prepared(stack, database, folder / name, root) for name, root in (("old", base), ("new", ROOT)))
        old = stack.enter_context(running("old", "app:create_app()", 8811, folder, old_env, base))
        new = stack.enter_context(running("new", "app:create_app()", 8812, folder, env, ROOT))
        for server in (old, new):
            meet_visitors(server, VISITORS, folder / server.name / "visitors")
        for _ in range(rounds):
            for what in found:
                rates = [
                    burst(server, connections=32, seconds=seconds, visitors=known).rate
                    for server in (old, new, old, new, old)
                    for known in [folder / server.name / "visitors" if what == "returning" else None]
                ]
                found[what].append((rates[1] + rates[3]) / 2 / ((rates[0] + 2 * rates[2] + rates[4]) / 4))
    return found


def main() -> None:
    """Measure on both databases, and print the median ratio with the smallest and the largest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    print("| write path | this checkout × BASE | smallest | largest |\n|---|---|---|---|")  # noqa: T201
    for database in given.database or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
            for what, each in ratios(given.base.resolve(), database, Path(folder), given.rounds, given.seconds).items():
                print(f"| {database}, {what} | {statistics.median(each):.3f} | {min(each):.3f} | {max(each):.3f} |")  # noqa: T201


if __name__ == "__main__":
    main()
