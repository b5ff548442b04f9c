"""The builder's form of a source that a backend sends as."""

import pytest
from web.building import FULL, form_again, press

from tracker.store import sources

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
BACKEND = FULL | {"kind": "server"}


def test_a_backend_is_shown_no_snippet(console) -> None:
    assert "A backend needs no snippet." in press(console, "preview", **BACKEND)


def test_saving_its_form_without_touching_it_changes_nothing(console, engine) -> None:
    console.post("/sources/new", **BACKEND)
    [made] = sources.all_sources(engine)
    assert (made.kind, made.links, len(made.auto["events"])) == ("server", ("blog.example",), 2)
    page = console.get("/source/edit?id=Source+ID").text
    assert "Changes count within 5 seconds." in page
    assert console.post("/source/edit?id=Source+ID", **form_again(page)).status_code == 303
    assert sources.all_sources(engine) == [made]
