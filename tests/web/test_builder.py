"""The builder: the form of a source, checked as it is typed, and the snippet beside it."""

import re

import pytest
from web.building import BARE, FULL, HTMX, below, form_again, press, snippet

from tracker.core.model import Source
from tracker.script.render import FORMS
from tracker.store import sources
from tracker.web.source_rows import MOST_ROWS

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
MEANT = Source(
    id="Source ID",
    name="Läden & Co",
    origins=("https://shop.example", "http://localhost:3000"),
    domains=("shop.example", "www.shop.example"),
    links=("blog.example",),
    referrals="plain",
    identify="open",
    auto={
        "events": [["page-view", {"category": "laptops"}], ["visited", {}, {"saveSession": False}]],
        "triggers": [
            {
                "selector": "#buy",
                "trigger": "onClick",
                "once": True,
                "data": {"event": "clicked", "properties": {"place": "top"}},
            }
        ],
    },
    settings={
        "linkPosition": "hash",
        "spa": "hash",
        "trackErrors": True,
        "requireConsent": "analytics",
        "retentionDays": 30,
        "respectGPC": False,
    },
)


def test_a_source_is_made_with_everything_that_can_be_said_of_it(console, engine) -> None:
    assert console.post("/sources/new", **FULL).location == "/source?id=Source+ID"
    assert sources.all_sources(engine) == [MEANT]


def test_a_new_source_needs_no_more_than_its_name(console, engine) -> None:
    given = form_again(console.get("/sources/new").text)
    assert (given["event-0-type"], len(given["id"])) == ("page-view", 36)
    console.post("/sources/new", **given | {"name": "First"})
    console.post("/sources/new", name="Second", kind="browser", referrals="signed", identify="verified")
    first, second = sources.all_sources(engine)
    assert (first.id, first.auto) == (given["id"], {"events": [["page-view", {}]], "triggers": []})
    assert len(second.id) == 36


def test_saving_a_form_without_touching_it_changes_nothing(console, engine) -> None:
    console.post("/sources/new", **FULL)
    page = console.get("/source/edit?id=Source+ID").text
    assert console.post("/source/edit?id=Source+ID", **form_again(page)).status_code == 303
    assert sources.all_sources(engine) == [MEANT]


WRONG = [
    ("name", "  ", "needs a name"),
    ("id", "a" * 129, "must not be longer"),
    ("kind", "robot", "not one of browser, server"),
    ("api", "collect.example", "is not the address of a collector"),
    ("origins", "shop.example", "is not an origin"),
    ("domains", "https://shop.example/", "is not a host name"),
    ("links", "blog.example\nco.uk", "public suffix"),
    ("referrals", "maybe", "not one of signed"),
    ("identify", "maybe", "not one of verified"),
    ("event-2-type", "a" * 129, "must not be longer"),
    ("event-2-properties", "{a}", "This is not JSON"),
    ("event-0-properties", "[1]", "This must be an object"),
    ("trigger-0-trigger", "onSight", "Choose when it fires."),
    ("trigger-0-target", " ", "onClick acts on elements"),
    ("trigger-0-event", "", "An event type must not be empty."),
    ("trigger-0-properties", "1", "This must be an object"),
    ("trigger-0-options", '{"onec": true}', "There is no option 'onec'"),
    ("requireConsent", "maybe", "not one of off, any, named"),
    ("consentName", "", "Name the consent that is needed"),
    ("consentName", "a" * 129, "at most 128 printable characters"),
    ("consentName", "a\u202eb", "at most 128 printable characters"),
    ("respectGPC", "maybe", "not one of on, off"),
    ("retentionDays", "0", "a whole number of days from 1 to 36500"),
    ("retentionDays", "36501", "a whole number of days"),
    ("retentionDays", "-7", "a whole number of days"),
    ("retentionDays", "7.5", "a whole number of days"),
    ("retentionDays", "٧", "a whole number of days"),
    ("retentionDays", "1e3", "a whole number of days"),
    ("retentionDays", "9" * 5000, "a whole number of days"),
    ("settings", '{"retentionDays": 31}', "retentionDays has a field of its own, which says something else."),
    ("settings", '{"requireConsent": true}', "requireConsent has a field of its own"),
    ("settings", "[1]", "This must be an object"),
    ("settings", "{", "is not JSON"),
    ("settings", '{"linkPosition": "hsh"}', 'linkPosition is "query" or "hash"'),
    ("settings", '{"trackExternalLinks": 1}', "must be a list of host names"),
]
CHOICES = ("kind", "referrals", "identify", "trigger-0-trigger", "requireConsent", "respectGPC")


def test_wrong_input_says_what_is_wrong_at_the_field_and_nothing_typed_is_lost(console, engine) -> None:
    for field, typed, problem in WRONG:
        answer = console.post("/sources/new", **FULL | {field: typed})
        assert answer.status_code == 422, field
        assert problem in below(answer.text, field)
        assert answer.text.count('class="problem"') == 1, field
        kept = {name: text.replace("\r\n", "\n") for name, text in form_again(answer.text).items()}
        for name, text in (FULL | {field: typed}).items():
            assert name in CHOICES or kept[name] == text.replace("\r\n", "\n"), (field, name)
    assert sources.all_sources(engine) == []


def test_what_is_wrong_is_said_while_it_is_typed_but_not_what_is_still_empty(console) -> None:
    for field, typed, problem in WRONG:
        given = FULL | {field: typed, "do": "preview", "csrf": console.seen[0]}
        answer = console.client.post("/source/build", data=given, headers=HTMX)
        assert answer.status_code == 200, field
        assert "<form" not in answer.text
        assert (problem in below(answer.text, field)) == bool(typed.strip()), field
        note = "wrong at 1 field" if typed.strip() else "1 field is still to be filled in"
        assert note in answer.text, (field, typed)


def test_the_snippet_is_the_one_of_the_source_that_is_made(console, engine) -> None:
    shown = {}
    for form in (*FORMS, "nonce"):
        given = FULL | {"show": form, "csrf": console.seen[0]}
        shown[form] = snippet(console.client.post("/source/build", data=given, headers=HTMX).text)
    console.post("/sources/new", **FULL)
    [made] = sources.all_sources(engine)
    assert shown.pop("nonce").count('nonce="{{ csp_nonce }}"') == 2
    assert shown == {name: form(made, "https://collect.example", None).strip() for name, form in FORMS.items()}


def test_the_snippet_names_the_address_that_was_typed_and_leaves_out_what_is_wrong(console) -> None:
    given = FULL | {
        "show": "inline",
        "api": "https://own.example/",
        "links": "co.uk",
        "id": "",
        "event-0-properties": "{",
    }
    text = snippet(press(console, "preview", **given))
    assert '"api":"https://own.example"' in text.replace(" ", "")
    assert '"id":"SOURCE_ID"' in text.replace(" ", "")
    assert "co.uk" not in text
    assert "page-view" not in text
    assert "visited" in text


def test_a_row_that_moves_up_is_not_taken_for_the_one_that_was_emptied_there(console) -> None:
    rows = {f"event-{place}-{part}": text for place in (0, 1) for part, text in (("type", ""), ("properties", "{}"))}
    wrong = r'id="event-0-type"[^>]*aria-invalid="true"'
    assert re.search(wrong, press(console, "preview", **FULL | rows, emptied="event-0-type"))
    assert not re.search(wrong, press(console, "remove:event-0", **FULL | rows, emptied="event-0-type"))


def test_rows_are_added_and_removed_by_buttons_of_the_form(console) -> None:
    page = press(console, "add:event", **FULL)
    assert re.search(r'id="event-3-type"[^>]* autofocus', page)
    given = form_again(press(console, "remove:event-0", **form_again(page)))
    assert [given[f"event-{place}-type"] for place in range(3)] == [" ", "visited", ""]
    given = form_again(press(console, "add:trigger", **given))
    assert given["trigger-2-by"] == "tag"
    given = form_again(press(console, "remove:trigger-1", **given))
    assert "trigger-2-by" not in given
    assert given["trigger-0-target"] == "#buy"


def test_a_button_that_is_not_there_loses_nothing(console) -> None:
    for button in (
        "",
        "remove:event-99",
        "remove:event-x",
        f"remove:event-{'9' * 5_000}",
        "remove:event-²",
        "remove:",
        "add:what",
        "x:y:z",
        "import",
    ):
        assert form_again(press(console, button, **FULL))["trigger-0-target"] == "#buy", button


def test_there_are_never_more_rows_than_a_form_can_hold(console) -> None:
    many = {f"event-{place}-type": f"e{place}" for place in range(MOST_ROWS + 5)}
    assert press(console, "add:event", name="x", **many).count('-type" name="event-') == MOST_ROWS


def test_for_htmx_a_button_answers_with_the_form_alone(console) -> None:
    given = FULL | {"do": "add:trigger", "csrf": console.seen[0]}
    answer = console.client.post("/source/build", data=given, headers=HTMX)
    assert answer.text.lstrip().startswith('<form id="builder"')


def test_a_pasted_snippet_fills_the_form_and_says_what_it_could_not_take_over(console, engine) -> None:
    options = (
        "const options = {tracker: {url: {api: 'http://old.example:8686'}, source: {id: 'moved'},"
        " auto: {events: [['seen', {a: 1}]], triggers: [{tag: 'b', trigger: 'onCopy', data: {event: 'c'}}]},"
        " settings: {trackExternalLinks: ['blog.example'], spa: true, linkPosition: 'hash'}, storage: {}}}"
    )
    page = press(console, "import", **BARE, name="Moved", origins="https://a.example", paste=options)
    assert "1 source id, 1 event, 1 trigger, 2 settings, 1 linked domain" in page
    assert "storage is not known here." in page
    assert "url.api is http://old.example:8686" in page
    given = form_again(page)
    assert given["paste"] == ""
    console.post("/sources/new", **given)
    [made] = sources.all_sources(engine)
    assert (made.id, made.origins, made.links) == ("moved", ("https://a.example",), ("blog.example",))
    assert made.auto["events"] == [["seen", {"a": 1}]]
    assert made.settings == {"linkPosition": "hash", "spa": True}


def test_a_snippet_of_this_collector_is_not_taken_for_another_ones(console) -> None:
    pasted = snippet(press(console, "preview", **FULL | {"show": "inline"}))
    page = press(console, "import", **BARE, name="Again", paste=pasted)
    assert "2 events, 1 trigger" in page
    assert "names this collector" not in page
    given = {"name": "Again", "api": "https://own.example/"}
    pasted = snippet(press(console, "preview", **FULL | given | {"show": "inline"}))
    assert "names this collector" not in press(console, "import", **BARE | given, paste=pasted)
    assert "names this collector" in press(console, "import", **BARE, name="Again", paste=pasted)


def test_what_is_wrong_in_a_pasted_snippet_is_said_at_its_field(console) -> None:
    page = press(console, "import", paste="options = {tracker: {auto: {triggers: [{trigger: 'onSight'}]}}}", name="x")
    assert "Choose when it fires." in below(page, "trigger-0-trigger")
    page = press(console, "import", paste="hello", name="Kept")
    assert "There is no configuration in this." in below(page, "paste")
    assert (form_again(page)["paste"], form_again(page)["name"]) == ("hello", "Kept")


def test_a_snippet_of_another_source_leaves_the_id_of_this_one(console, make_source) -> None:
    make_source("shop")
    pasted = "options = {tracker: {source: {id: 'other'}}}"
    page = press(console, "import", at="?id=shop", **BARE, paste=pasted, name="Shop")
    assert "It names the source other" in page
    assert console.post("/source/edit?id=shop", **form_again(page)).location == "/source?id=shop"


def test_a_form_that_was_begun_anew_is_as_it_is_stored(console, make_source) -> None:
    make_source("shop", name="Stored")
    assert form_again(press(console, "reset", at="?id=shop", name="Typed"))["name"] == "Stored"
    assert "what you had typed" in press(console, "draft", at="?id=shop", name="Typed")


def test_an_id_that_is_taken_is_named_at_its_field(console, make_source) -> None:
    make_source("Source ID", name="First")
    answer = console.post("/sources/new", **FULL)
    assert answer.status_code == 422
    assert "'Source ID' exists already" in below(answer.text, "id")


def test_an_edit_can_change_neither_the_id_nor_the_kind(console, make_source, engine) -> None:
    make_source("shop")
    console.post("/source/edit?id=shop", **FULL | {"id": "other", "kind": "server"})
    [found] = sources.all_sources(engine)
    assert (found.id, found.kind, found.name) == ("shop", "browser", "Läden & Co")
