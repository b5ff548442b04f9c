"""One collector on each database for the whole package, restarted only by who kills it; a ledger for each test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from faults.house import House, OwnPostgres, opened
from faults.ledger import Ledger

LEFT_OUT = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos: takes too long for every run; make chaos runs these too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "chaos" in config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("chaos")]
    config.stash[LEFT_OUT] = len(long)
    items[:] = [item for item in items if item not in long]
    if long:
        config.hook.pytest_deselected(items=long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{left_out} long fault tests are run by: make chaos")


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Run a PostgreSQL as an operator has it, durable, to be stopped and started."""
    # A socket's path must be short, and as root the server runs as another user, who must reach its folder.
    folder = Path(tempfile.mkdtemp(prefix="handoff-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        running = OwnPostgres(folder)
    try:
        yield running
    finally:
        running.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def houses(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], House]]:
    """The collector on the named database, started when it is first asked for."""
    found: dict[str, House] = {}
    with ExitStack() as stack:

        def house_on(backend: str) -> House:
            if backend not in found:
                server = stack.enter_context(own_postgres()) if backend == "postgresql" else None
                folder = tmp_path_factory.mktemp(backend)
                found[backend] = stack.enter_context(opened(backend, folder, migrated_sqlite, server))
            return found[backend]

        yield house_on


@pytest.fixture
def house(backend: str, houses: Callable[[str], House]) -> Iterator[House]:
    """The collector on this test's database, running and ready, before the test and after it."""
    mine = houses(backend)
    mine.as_it_should_be()
    yield mine
    mine.as_it_should_be()


@pytest.fixture
def ledger(house: House, tmp_path: Path) -> Iterator[Ledger]:
    """What the clients of this test are told; at its end everything is acknowledged and every promise holds."""
    kept = Ledger(tmp_path / "ledger.jsonl", house.server.port, house.engine)
    try:
        yield kept
        house.as_it_should_be()
        kept.settle()
        house.sound(kept)
    finally:
        kept.close()
