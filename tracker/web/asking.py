"""Confirmations: one page for every action that breaks something or cannot be taken back; it needs no script.

The form of such an action posts to the action's own address. Without ``sure`` the answer is the question, whose form
holds what was sent and posts it there again with ``sure``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.web.guard import View, marked
from tracker.web.page import page

_OWN_FIELDS = frozenset({"csrf", "sure", "typed"})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an action: its object in the title, its effects a sentence each, where *Cancel* leads."""

    title: str
    effects: tuple[str, ...]
    button: str
    back: str
    typed: str = ""
    """What has to be typed, for an action that nothing brings back."""


def asks(about: Callable[..., Question | None]) -> Callable[[View], View]:
    """Make a decorator that answers with a question until it is confirmed.

    ``about`` gets the view's arguments and returns the question, or None where this request needs none.
    """

    def decorated(view: View) -> View:
        @wraps(view)
        def asked(**values: Any) -> BaseResponse:
            question = about(**values)
            if question is None or _confirmed(question):
                return view(**values)  # type: ignore[no-any-return]
            return _confirmation(question)

        return marked(asked, "asks")  # type: ignore[return-value]

    return decorated


def _confirmed(question: Question) -> bool:
    if question.typed:
        return request.form.get("typed", "").strip() == question.typed.strip()
    return request.form.get("sure") == "yes"


def _confirmation(question: Question) -> BaseResponse:
    # The query is passed on as text: among its names may be those of the path, and what url_for takes for its own.
    query = request.query_string.decode(errors="replace")
    # What was typed and does not match is said; the first time nothing is wrong yet.
    wrong = question.typed and "typed" in request.form
    return page(
        "confirm.html",
        422 if wrong else 200,
        question=question,
        problem=f"Type {question.typed} to go on." if wrong else "",
        action=url_for(str(request.endpoint), **(request.view_args or {})) + (f"?{query}" if query else ""),
        fields=[(name, value) for name, value in request.form.items(multi=True) if name not in _OWN_FIELDS],
    )
