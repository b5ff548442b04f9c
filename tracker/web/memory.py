"""What a worker has loaded by the time it takes requests stays: it is settled once, so that requests find it fast."""

import ctypes
import gc
import mmap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage")
_REGIONS = Path("/proc/self/smaps")
_COLLAPSE = 25
"""MADV_COLLAPSE of Linux 6.1 and later (madvise(2)), which Python's mmap has no name for."""
_FILLED = 0.5
"""The share of a region that must be in use; a thread's stack is huge and hardly ever is."""


def settle() -> None:
    """Take what is loaded by now for good; where the system cannot help with that, it works all the same."""
    # Looking through it for garbage again and again took 4 % of the requests of returning visitors that a core can
    # answer, and 9 % of those of new ones.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    with suppress(OSError, ValueError, AttributeError):
        _into_huge_pages()


def _into_huge_pages() -> None:
    """Move the heap into huge pages: a request touches so much of it that the processor forgets where small ones are.

    Between requests the same core runs the database, and on a virtual machine each page is looked up twice over.
    """
    if "[never]" in (_HUGE_PAGES / "enabled").read_text():
        return
    size = int((_HUGE_PAGES / "hpage_pmd_size").read_text())
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for start, end in _heap():
        first, last = -(-start // size) * size, end // size * size
        if first < last:
            madvise(first, last - first, mmap.MADV_HUGEPAGE)
            madvise(first, last - first, _COLLAPSE)


def _heap() -> Iterator[tuple[int, int]]:
    """Yield from where to where this process keeps what it has made itself (proc_pid_smaps(5))."""
    start = end = 0
    for line in _REGIONS.read_text().splitlines():
        first, *words = line.split()
        if not first.endswith(":"):
            start, end = (int(address, 16) for address in first.split("-"))
            named = words[4] if len(words) > 4 else ""
            own = words[0].startswith("rw") and named in ("", "[heap]")
        elif first == "Rss:" and own and int(words[0]) * 1024 >= _FILLED * (end - start):
            yield start, end
