"""What a worker has loaded is settled: no garbage is looked for in it, and its heap lies in huge pages where it may."""

import gc
import mmap
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.web import memory

SETTLE = """
from tracker.web import memory
import app
made = app.create_app()
memory.settle()
print(sum(int(line.split()[1]) for line in open("/proc/self/smaps") if line.startswith("AnonHugePages:")))
"""


@pytest.fixture
def collector():
    """Leave the garbage collector as it was."""
    threshold = gc.get_threshold()
    yield gc
    gc.set_threshold(*threshold)
    gc.unfreeze()


def can_collapse() -> bool:
    """Return whether this system moves memory into a huge page when it is asked to."""
    size = 4 * 2**20
    with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as region:
        region.write(b"x" * size)
        try:
            region.madvise(mmap.MADV_HUGEPAGE)
            region.madvise(memory._COLLAPSE)
        except (OSError, ValueError):
            return False
    return "[never]" not in (memory._HUGE_PAGES / "enabled").read_text()


def test_a_fresh_process_has_its_heap_in_huge_pages_where_the_system_does_that(tmp_path):
    env = {"DATA_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    printed = subprocess.run([sys.executable, "-c", SETTLE], env=env, check=True, capture_output=True, text=True).stdout
    assert (int(printed.splitlines()[-1]) >= 4096) == can_collapse()


@pytest.mark.parametrize("enabled", ["always madvise [never]\n", None], ids=["forbidden", "unknown to the system"])
def test_where_there_are_no_huge_pages_only_the_garbage_is_settled(collector, tmp_path, monkeypatch, enabled):
    if enabled:
        (tmp_path / "enabled").write_text(enabled)
    monkeypatch.setattr(memory, "_HUGE_PAGES", tmp_path)
    monkeypatch.setattr(memory, "_heap", lambda: pytest.fail("The heap was looked at."))
    memory.settle()
    assert collector.get_freeze_count() > 1000
    assert collector.get_threshold() == (20_000, 20, 20)


def test_the_stack_of_a_thread_is_no_heap(tmp_path, monkeypatch):
    lines = [
        "7f0000000000-7f0000800000 rw-p 00000000 00:00 0 ",
        "Rss:                 100 kB",
        "55d000000000-55d000400000 rw-p 00000000 00:00 0                          [heap]",
        "Rss:                4000 kB",
        "7f1000000000-7f1000400000 r-xp 00000000 fe:00 12    /usr/lib/python with a space",
        "Rss:                4096 kB",
        "7f2000000000-7f2000400000 rw-p 00000000 00:00 0 ",
        "Rss:                2048 kB",
        "VmFlags: rd wr mr mw me ac",
    ]
    (tmp_path / "smaps").write_text("\n".join(lines))
    monkeypatch.setattr(memory, "_REGIONS", tmp_path / "smaps")
    assert list(memory._heap()) == [(0x55D000000000, 0x55D000400000), (0x7F2000000000, 0x7F2000400000)]
