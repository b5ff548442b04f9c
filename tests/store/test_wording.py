"""An error of the database says what went wrong, and of whom it was only to the database itself."""

import traceback

import pytest
from sqlalchemy import text

from tracker.core.refusal import Unavailable
from tracker.store.engine import Rejected, connect, transaction

CANARY = "canary-7f3@example.com"
ALIAS = text("INSERT INTO alias (id, profile_id) VALUES (:canary, :canary), (:canary, :canary)")
BOTH = pytest.mark.parametrize("for_requests", [True, False])
POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


def traced(url: str, statement, *, for_requests: bool) -> str:
    """Return the trace that a log would hold of a statement that the database refuses."""
    engine = connect(url, for_requests=for_requests)
    try:
        transaction(engine, lambda conn: conn.execute(statement, {"canary": CANARY}), pause=lambda _: None)
    except (Rejected, Unavailable) as error:
        return "".join(traceback.format_exception(error))
    finally:
        engine.dispose()
    raise AssertionError("the database took it")


@BOTH
def test_a_key_that_is_there_already_is_not_named(database_url, for_requests) -> None:
    trace = traced(database_url, ALIAS, for_requests=for_requests)
    assert "IntegrityError" in trace
    assert "alias" in trace, "which rule was broken is said"
    assert CANARY not in trace


@BOTH
@POSTGRES
@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT CAST(CAST(:canary AS text) AS integer)", "InvalidTextRepresentation (22P02)"),
        ("SELECT CAST(CAST(:canary AS text) AS jsonb)", "InvalidTextRepresentation (22P02)"),
        ("INSERT INTO profile (id, created) VALUES (:canary, NULL)", "NotNullViolation (23502): null value in column"),
        ("SELECT nothing FROM alias WHERE id = :canary", 'UndefinedColumn (42703): column "nothing" does not exist'),
    ],
)
def test_neither_a_value_nor_a_row_is_quoted_and_the_kind_of_error_is_said(
    statement, kind, database_url, for_requests
) -> None:
    trace = traced(database_url, text(statement), for_requests=for_requests)
    assert kind in trace
    assert CANARY not in trace
    assert "DETAIL" not in trace
