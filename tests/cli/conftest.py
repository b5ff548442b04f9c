"""The command line, called in this process or as an operator's shell does."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tracker.cli import main

SECRET_KEY = "a key that only tests sign with"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        """What was printed as one JSON value on one line."""
        [line] = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        """What was printed as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The variables an operator has set."""
    return {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(tmp_path / "var"),
        "SECRET_KEY": SECRET_KEY,
        "PUBLIC_URL": "https://collect.example",
    }


@pytest.fixture
def tracker(environment: dict[str, str]) -> Callable[..., Said]:
    """Call a command in this process: ``tracker("source", "list", "--json")``."""

    def call(*words: str, answer: str | None = None, **env: str) -> Said:
        result = CliRunner(env=environment | env).invoke(main, words, input=answer)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def shell(environment: dict[str, str]) -> Callable[..., Said]:
    """Call the installed console script, in a process of its own."""

    def call(*words: str, **env: str) -> Said:
        script = str(Path(sys.executable).parent / "tracker")
        done = subprocess.run(
            [script, *words], env=environment | env, capture_output=True, text=True, timeout=60, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return call
