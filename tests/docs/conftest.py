"""A collector as a reader starts it, and the blocks of shell and JSON that the pages hold."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.request import urlopen

import pytest
from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


@dataclass(frozen=True, slots=True)
class Collector:
    """A running collector and the shell of somebody who works beside it."""

    url: str
    env: dict[str, str]
    folder: Path

    def shell(self, commands: str) -> str:
        """Run a page's commands as they stand, but for the port and the place of ``.venv``; returns what they print."""
        here = commands.replace("http://localhost:8686", self.url).replace(".venv/bin/", f"{BIN}/")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", here], cwd=self.folder, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tracker(self, *arguments: str) -> str:
        return subprocess.run(
            [BIN / "tracker", *arguments], env=self.env, capture_output=True, text=True, check=True
        ).stdout


def _answers(url: str, running: subprocess.Popen[bytes]) -> bool:
    while running.poll() is None:
        try:
            with urlopen(f"{url}/readyz", timeout=5):
                return True
        except OSError:
            # Asking without a pause would take from the start the core that it runs on.
            Event().wait(0.02)
    return False


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A collector on a free port and in an empty folder, started by ``tracker serve``, as one reader has it."""
    folder = tmp_path_factory.mktemp("reader")
    port = free_port()
    ours = ("PORT", "HOST", "PUBLIC_URL", "DATABASE_URL", "SECRET_KEY", "WORKERS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env = kept | {"PORT": str(port), "DATA_DIR": str(folder / "var")}
    with subprocess.Popen([BIN / "tracker", "serve"], env=env, stdout=subprocess.DEVNULL) as running:
        url = f"http://localhost:{port}"
        try:
            assert _answers(url, running)
            yield Collector(url, env, folder)
        finally:
            running.send_signal(signal.SIGTERM)


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """Return (language, text) of the page's fenced blocks in these languages, in their order."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [(language, text) for language, text in found if language in languages]
