"""Snippets that people have already: what they say, and what cannot be taken over."""

from typing import Any

import pytest

from tracker.core.literals import DEEPEST, Code, Unreadable, read_literal
from tracker.core.pasted import LONGEST, imported

WHOLE = """
<script>
  !function(e){"object"==typeof exports&&"undefine...
  const options = {
    listeners: {
      onInit: ({helpers, context}) => {
        helpers.onClick(document.querySelector('#a'), async () => { await helpers.track("x", {a: "}"}); });
      },
      onCookiesDisabled: function () { return `}` },
    },
    tracker: {
      url: {script: 'http://tracardi.example:8686/tracker', api: 'http://tracardi.example:8686'},
      source: {id: "3ee63fc6-490a-4fd8-bfb3-bf0c8c8d3387"},
      auto: {
        events: [["page-view", {category: "laptops", "price": -13.5e1, deep: {a: [1, null, true,]}}], ["x"]],
        triggers: [{tag: "product", trigger: 'onVisible', data: {event: 'image-viewed'}},],
      },
      settings: {trackExternalLinks: ['blog.example', ''], respectDoNotTrack: true, linkPosition: 'hash'}
    }
  };
</script>
<script>window.tracker.track("purchase-order", {"price": 13.45}); window.tracker.track("x")</script>
<script>window.onTracardiReady.bind(({helpers}) => {}); console.log(window.response.context)</script>
"""
# The documents that people copy from have lost brackets and commas on their way.
LINKS = """
    const options = {
      tracker: {
        url: {
            script: 'http://localhost:8686/tracker',
            api: 'http://localhost:8686'
        source: {
            id: "3ee63fc6-490a-4fd8-bfb3-bf0c8c8d3387"
        settings: {
          trackExternalLinks: ['blog.example', '']
"""
AUTO = """
        const options = {
            tracker: {
                url: {
                    script: '',
                    api: ''
                source: {
                    id: "<your-event-source-id-HERE>"
                auto: { // (1)
                        events: [
                                ["increase-interest", {"interest": "laptops", "value": 1}],
                                ["page-view", {"category": "laptops"}]
                        triggers: [
                                {tag:"product", trigger:'onVisible', data: {event: 'image-viewed'}},
                                {tag:"title", trigger:'onTextSelect', data: {event: 'text-selected'}}
"""
PAGE_VIEW = ["page-view", {"category": "laptops"}]


def test_an_original_snippet_is_taken_over_and_what_stays_in_the_page_is_said() -> None:
    found = imported(WHOLE)
    assert found.source_id == "3ee63fc6-490a-4fd8-bfb3-bf0c8c8d3387"
    assert found.links == ("blog.example",)
    event = ["page-view", {"category": "laptops", "price": -135.0, "deep": {"a": [1, None, True]}}]
    assert found.events == (event, ["x"])
    assert found.triggers == ({"tag": "product", "trigger": "onVisible", "data": {"event": "image-viewed"}},)
    assert found.settings == {"respectDoNotTrack": True, "linkPosition": "hash"}
    assert found.taken == {"source id": 1, "event": 2, "trigger": 1, "setting": 2, "linked domain": 1}
    assert [note.partition(" ")[0] for note in found.left] == [
        "url.script",
        "url.api",
        "listeners",
        "2",
        "What",
        "What",
        "What",
    ]


def test_brackets_that_a_document_has_lost_are_thought_of() -> None:
    found = imported(LINKS)
    assert (found.source_id, found.links) == ("3ee63fc6-490a-4fd8-bfb3-bf0c8c8d3387", ("blog.example",))
    assert found.left[0].startswith("Some brackets or commas are missing")
    found = imported(AUTO)
    assert found.events == (["increase-interest", {"interest": "laptops", "value": 1}], PAGE_VIEW)
    assert [trigger["tag"] for trigger in found.triggers] == ["product", "title"]
    assert found.source_id == ""


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://collect.example/tracker?source_id=Source%20ID&amp;x=1"></script>',
        "s.src = 'http://localhost:8686/tracker?source_id=Source+ID';",
        'import "https://collect.example/tracker?a=1&source_id=Source%20ID";',
    ],
)
def test_a_script_element_names_its_source(text: str) -> None:
    found = imported(f'<div>{text}</div> tracker.track("one")')
    assert found.source_id == "Source ID"
    assert found.left[0].startswith("The configuration of this source is kept by its collector")
    assert found.left[1].startswith("1 call ")


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ('{"tracker": {"auto": {"events": [["page-view", {"category": "laptops"}]]}}}', (PAGE_VIEW,)),
        ('  {"auto": {"events": [["page-view", {"category": "laptops"}]]}, "settings": {}}', (PAGE_VIEW,)),
        ("window.options={tracker:{auto:{events:[['page-view',{category:`laptops`}]]}}}", (PAGE_VIEW,)),
        ("start({'tracker': {auto: {events: [['page-view', {category: 'laptops'}]]}}})", (PAGE_VIEW,)),
    ],
)
def test_the_options_are_found_however_they_are_written(text: str, events: Any) -> None:
    assert imported(text).events == events


@pytest.mark.parametrize(
    ("inner", "note"),
    [
        ("source: {id: MY_ID}", "It names no source"),
        ("source: 'shop'", "It names no source"),
        ("settings: SETTINGS", "settings is not written out here."),
        ("settings: {trackExternalLinks: HOSTS}", "trackExternalLinks is not a list"),
        ("settings: {trackExternalLinks: ['a.example', 1]}", "trackExternalLinks is not a list"),
        ("settings: {spa: isSpa()}", "settings.spa is code"),
        ("settings: {names: [a + b]}", "settings.names is code"),
        ("auto: {events: 'page-view'}", "auto.events is not written out as a list."),
        ("auto: {triggers: [makeTrigger('a')]}", "Trigger 1 is not written out"),
        ("auto: {triggers: [{tag: 'a', data: {event: name}}]}", "Trigger 1 is not written out"),
        ("auto: {events: [['a', {path: location.pathname}]]}", "Event 1 of a page load: It holds code."),
        ("auto: {events: [['a'], 'b']}", "Event 2 of a page load: An event is a list"),
        ("auto: {workflow: {}}", "auto.workflow is not known here."),
        ("storage: {}", "storage is not known here."),
        ("tracker", "It names no source"),
    ],
)
def test_what_cannot_be_taken_over_is_named(inner: str, note: str) -> None:
    assert any(note in left for left in imported(f"const options = {{tracker: {{{inner}}}}}").left)


def test_what_stands_behind_the_options_and_looks_like_more_of_them_counts_for_less() -> None:
    found = imported("options = {tracker: {source: {id: 'shop' \n the source: it is here, settings: none")
    assert found.source_id == "shop"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "There is no configuration in this."),
        ("hello", "There is no configuration in this."),
        ('<script src="https://collect.example/tracker?x=1"></script>', "There is no configuration in this."),
        ("options = {" + "a: {" * (DEEPEST + 1), "levels"),
        ("x" * (LONGEST + 1), "too long"),
    ],
)
def test_a_text_without_a_configuration_is_told_so(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        imported(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\"b\n\u00e9\x41\q\0"', 'a"b\né' + "Aq\0"),
        (r"'\ud83d\ude00 \ud800'", "\U0001f600 \ufffd"),
        ("'it\\\nself'", "itself"),
        ("`plain`", "plain"),
        ("`${name}`", Code("`${name}`")),
        ("+1.50", 1.5),
        (".5", 0.5),
        ("-12", -12),
        ("123456789012345678901234567890", Code("123456789012345678901234567890")),
        ("\u0661\u0662", Code("\u0661\u0662")),
        ("12px", Code("12px")),
        ("undefined", None),
        ("true // yes", True),
        ("/* why */ false", False),
        ("'a' + 'b'", Code("'a' + 'b'")),
        ("(a, b) => [a, {b}]", Code("(a, b) => [a, {b}]")),
        ("[,1,]", [Code(""), 1]),
        ("[...all]", [Code("...all")]),
        ("'unclosed", Code("'unclosed")),
        ("{'a b': 1, c: {}, \"d\": []}", {"a b": 1, "c": {}, "d": []}),
        ("{m(x) { return x; }, n: 1}", {"m": Code("(x) { return x; }"), "n": 1}),
        ("{short, n: 1}", {"short": Code(""), "n": 1}),
    ],
)
def test_a_literal_is_read_as_javascript_means_it_and_code_is_kept_as_text(text: str, value: Any) -> None:
    assert read_literal(f"{{x: {text}\n}}", 0) == ({"x": value}, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: [1, 2", {"a": [1, 2]}),
        ("{a: [1, 2}", {"a": [1, 2]}),
        ("{a: {b: 1]", {"a": {"b": 1}}),
        ("{a: 1\n b: 2}", {"a": 1, "b": 2}),
        ("{...all}", {}),
        ("{a: call(1", {"a": Code("call(1")}),
        ("{a: [1 \n 2]}", {"a": [1, 2]}),
    ],
)
def test_what_is_missing_is_noticed(text: str, value: Any) -> None:
    assert read_literal(text, 0) == (value, True)


def test_what_is_no_object_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read_literal("[1]", 0)


@pytest.mark.parametrize(
    ("api", "is_elsewhere"),
    [
        ("https://collect.example", False),
        ("HTTP://Collect.Example/", False),
        ("//collect.example/tracker?x", False),
        ("https://own.example/h/tracker", False),
        ("https://own.example", True),
        ("https://collect.example.evil", True),
        ("https://collect.example:8443", True),
    ],
)
def test_only_another_collectors_address_is_told(api: str, is_elsewhere: bool) -> None:
    pasted = f"options = {{tracker: {{url: {{api: '{api}'}}, source: {{id: 'shop'}}}}}}"
    told = imported(pasted, ("https://collect.example", "https://own.example/h/")).left
    assert bool(told) is is_elsewhere
    assert all(note.startswith(f"url.api is {api}; the snippet from here names this collector") for note in told)
