"""What a source's further pages show and do: its identify secret, and its types of event."""

import html
import re

import pytest
from web.conftest import PASSWORD

from tracker.store import event_types, sources
from tracker.store.engine import transaction
from tracker.web.event_types import AT_ONCE
from tracker.web.services import services_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def shown_secret(text: str) -> str:
    [secret] = re.findall(r'<pre id="secret"[^>]*>(.*?)</pre>', text)
    return str(secret)


def test_the_identify_secret_is_shown_changed_and_the_older_ones_retired(app, console, make_source, engine) -> None:
    make_source("shop", name="The Shop")
    office, path = services_of(app).identities, "/source/identify-secret?id=shop"
    assert path in console.get("/source?id=shop").text
    first = console.get(path)
    assert shown_secret(first.text) == office.secret_of("shop", 0)
    assert "Retire older" not in first.text
    changed = console.sure("/source/identify-secret/rotate?id=shop")
    page = console.get(changed.location).text
    assert shown_secret(page) == office.secret_of("shop", 1)
    assert "and under 1 older secret are believed" in page
    console.sure("/source/identify-secret/rotate?id=shop")
    assert "under 2 older secrets" in console.get(path).text
    console.sure("/source/identify-secret/retire?id=shop")
    assert "Only signatures under the present secret are believed." in console.get(path).text
    assert sources.all_sources(engine)[0].identify_generations == (2, 2)
    for gone in ("rotate", "retire"):
        assert console.sure(f"/source/identify-secret/{gone}?id=gone").status_code == 404


def test_types_are_listed_by_use_found_and_forgotten_and_their_events_stay(
    console, make_source, track, clock, read
) -> None:
    make_source("shop", name="The Shop")
    for hour, names in enumerate((("page-view", "order"), ("page-view",), ("page-view", "<b>rare</b>"))):
        clock.forward(3600)
        track(session="s1", events=[{"type": name, "id": f"{hour}-{name}"} for name in names])
    text = console.get("/source/types?id=shop").text
    listed = [html.unescape(name) for name in re.findall(r'name="type" value="([^"]+)"', text)]
    assert listed == ["page-view", "<b>rare</b>", "order"]
    rare = console.get("/source/types?id=shop&order=rare").text
    assert re.findall(r'name="type" value="([^"]+)"', rare)[-1] == "page-view"
    assert re.findall(r'name="type" value="([^"]+)"', console.get("/source/types?id=shop&q=ORD").text) == ["order"]
    assert "No type contains that." in console.get("/source/types?id=shop&q=nothing").text
    fields = {"type": ["order", "<b>rare</b>"]}
    asked = console.post("/source/types/forget?id=shop", **fields)
    assert "Forget 2 event types of The Shop?" in asked.text
    assert "order, &lt;b&gt;rare&lt;/b&gt;" in asked.text
    assert len(re.findall(r'name="type"', asked.text)) == 2
    assert len(read(event_types.listed, "shop")) == 3
    done = console.sure("/source/types/forget?id=shop", **fields)
    assert "2 event types of The Shop forgotten" in console.get(done.location).text
    assert [one.type for one in read(event_types.listed, "shop")] == ["page-view"]
    assert "order" in console.get("/live").text
    assert console.sure("/source/types/forget?id=shop").status_code == 404
    assert console.sure("/source/types/forget?id=shop", type="\0").status_code == 404


def test_the_longest_types_of_a_whole_page_are_forgotten_at_once(console, make_source, engine, read, track) -> None:
    make_source("shop")
    names = [f"{number:04}{'ä' * 124}" for number in range(AT_ONCE + 5)]
    track(session="s1", events=[{"type": name, "id": name} for name in names])
    page = console.get("/source/types?id=shop").text
    assert f"These are {AT_ONCE} of {AT_ONCE + 5}" in page
    chosen = re.findall(r'name="type" value="([^"]+)"', page)
    assert console.post("/source/types/forget?id=shop", type=chosen).status_code == 200
    assert console.sure("/source/types/forget?id=shop", type=chosen).status_code == 303
    assert len(transaction(engine, lambda conn: event_types.listed(conn, "shop"))) == 5


def test_a_viewer_sees_the_types_and_neither_a_box_to_tick_nor_the_secret(
    console, browser_of, make_source, track
) -> None:
    make_source("shop")
    track("e1", session="s1")
    console.post("/account/users", name="ben", password=PASSWORD, role="viewer")
    viewer = browser_of()
    viewer.log_in("ben")
    text = viewer.get("/source/types?id=shop").text
    assert "page-view" in text
    assert "checkbox" not in text
    assert "identify-secret" not in viewer.get("/source?id=shop").text
    assert viewer.get("/source/identify-secret?id=shop").status_code == 403
