"""What gunicorn says is a line of the log like any other, and tells nothing of who asked for what."""

import json

import pytest
from gunicorn.config import Config

from tracker.web.server_log import ServerLog

REQUEST = "ip=203.0.113.9: Invalid HTTP request line: 'GET /?email=anna@example.com'\n{}"


@pytest.fixture
def server_log(capfd: pytest.CaptureFixture[str]) -> ServerLog:
    made = ServerLog(Config())
    capfd.readouterr()
    return made


@pytest.mark.parametrize("level", ["critical", "error", "warning", "exception"])
def test_it_is_one_line_of_json_on_standard_output(level, server_log, capfd) -> None:
    getattr(server_log, level)("Worker (pid:%s) was sent %s!\n{}", 7, "SIGKILL")
    told = capfd.readouterr()
    line = json.loads(told.out)
    assert told.out.count("\n") == 1
    assert told.err == ""
    assert (line["event"], line["says"]) == ("server", "Worker (pid:7) was sent SIGKILL!\n{}")


def test_of_a_request_that_could_not_be_read_nothing_is_told(server_log, capfd) -> None:
    server_log.warning(f"Invalid request from {REQUEST}")
    server_log.error("Error handling request %s %s", "GET", "/?email=anna@example.com")
    told = capfd.readouterr().out
    assert [json.loads(line)["says"] for line in told.splitlines()] == ["Invalid request", "Error handling request"]
    assert "anna" not in told
    assert "203.0.113.9" not in told


@pytest.mark.parametrize(
    ("level", "options"), [("exception", {}), ("error", {"exc_info": True}), ("critical", {"exc_info": True})]
)
def test_a_failure_is_told_with_its_trace(level, options, server_log, capfd) -> None:
    try:
        raise RuntimeError("what happened")
    except RuntimeError:
        getattr(server_log, level)("Unhandled exception in main loop", **options)
    assert "RuntimeError: what happened" in json.loads(capfd.readouterr().out)["trace"]
