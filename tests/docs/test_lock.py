"""What is installed is what was tested: every package of the locks has its hashes, and the locks fit pyproject.toml."""

import re
import tomllib

import pytest
from docs.conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = ("requirements.lock", "requirements-dev.lock")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name: str) -> dict[str, tuple[Version, int]]:
    """Return version and number of hashes of every package in a lock; fails on a line that is neither."""
    found: dict[str, tuple[Version, int]] = {}
    for entry in (ROOT / name).read_text().replace("\\\n", " ").splitlines():
        text, hashes = HASH.sub("", entry), len(HASH.findall(entry))
        requirement = Requirement(text.strip())
        [pin] = requirement.specifier
        assert pin.operator == "==", entry
        found[canonicalize_name(requirement.name)] = (Version(pin.version), hashes)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_and_has_the_hash_of_a_wheel_and_of_others(name: str) -> None:
    found = locked(name)
    assert [package for package, (_, hashes) in found.items() if not hashes] == []
    # One that is compiled has a file for each platform and Python, so this is no list of one machine's files.
    assert all(found[package][1] > 20 for package in ("greenlet", "gevent", "orjson"))


def test_the_locks_agree_and_fit_what_the_project_asks_for() -> None:
    run, dev = map(locked, LOCKS)
    assert run.items() <= dev.items()
    project, extras = PROJECT["project"], PROJECT["project"]["optional-dependencies"]
    for wanted, found in (
        (project["dependencies"], run),
        (PROJECT["build-system"]["requires"], run),
        ([*extras["test"], *extras["check"]], dev),
    ):
        for requirement in map(Requirement, wanted):
            version, _ = found[canonicalize_name(requirement.name)]
            assert version in requirement.specifier, requirement


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_place_to_load_from(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert re.findall(r"^\s*-(?!-hash=)\S+", text, re.MULTILINE) == []


@pytest.mark.parametrize("file", ["Makefile", "examples/Containerfile"])
def test_nothing_is_installed_but_by_the_locks(file: str) -> None:
    text = (ROOT / file).read_text().replace("\\\n", " ")
    for name, value in re.findall(r"^(\w+) [:?]?= (.*)$", text, re.MULTILINE):
        text = text.replace(f"$({name})", value)
    commands = [line.strip() for line in re.split(r"\n|&&", text) if not re.match(r"\w+ [:?]?= ", line)]
    installs = [line for line in commands if re.search(r"\bpip['\" ].*install\b", line)]
    assert len(installs) >= 2
    for line in installs:
        # What resolves the lock is the one thing that the lock cannot hold.
        assert (
            "--require-hashes" in line
            or "--no-deps --no-build-isolation" in line
            or "install --quiet --disable-pip-version-check uv" in line
        ), line
