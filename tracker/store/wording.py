"""What PostgreSQL says of an error, without the values that it quotes: an error's text goes to the log."""

from typing import Any

from sqlalchemy import ExceptionContext

_OF_VALUES = "22"
"""The class of errors whose very first sentence may quote what was sent."""


def leave_values_out(context: ExceptionContext) -> None:
    """Keep of an error its kind and PostgreSQL's first sentence (SQLAlchemy's ``handle_error`` event).

    DETAIL names the key that is there already or the whole row, CONTEXT and HINT what could not be read.
    """
    error: Any = context.original_exception
    state, said = getattr(error, "sqlstate", None), getattr(error, "diag", None)
    if state is None or said is None:
        return
    text = f"{type(error).__name__} ({state})"
    if said.message_primary and not state.startswith(_OF_VALUES):
        text = f"{text}: {said.message_primary}"
    error.args = (text,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (text,)
