"""``tracker source …`` and ``tracker snippet``."""

import hashlib
import hmac
import json
import uuid
from dataclasses import replace

import pytest

from tracker.store import sources

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def test_a_source_is_created_with_everything_that_can_be_said_of_it(tracker, tmp_path) -> None:
    config = tmp_path / "config.json"
    auto = {"events": [["page-view", {"category": "laptops"}]], "triggers": [{"tag": "a", "trigger": "onClick"}]}
    config.write_text(json.dumps({"auto": auto, "settings": {"trackExternalLinks": ["news.example"], "x": 1}}))
    made = tracker(
        *("source", "create", "--name", "My shop", "--id", "Source ID", "--kind", "browser"),
        *("--origin", "https://shop.example", "--origin", "http://localhost:3000", "--domain", "shop.example"),
        *("--link", "blog.example", "--link", "", "--referrals", "plain", "--identify", "open"),
        *("--config", str(config), "--json"),
    )
    assert made.code == 0, made.err
    assert made.object == {"id": "Source ID", "secret": None}
    [listed] = tracker("source", "list", "--json").lines
    assert listed == {
        "id": "Source ID",
        "name": "My shop",
        "kind": "browser",
        "enabled": True,
        "origins": ["https://shop.example", "http://localhost:3000"],
        "domains": ["shop.example"],
        "links": ["blog.example", "news.example"],
        "referrals": "plain",
        "identify": "open",
        "auto": auto,
        "settings": {"x": 1},
    }


@ONE_DATABASE
def test_the_origin_of_an_app_is_named_and_one_that_proves_nothing_is_warned_of_beside_the_answer(tracker) -> None:
    made = tracker(
        "source", "create", "--name", "App", "--origin", "capacitor://localhost", "--origin", "null", "--json"
    )
    assert (made.code, list(made.object)) == (0, ["id", "secret"])
    assert made.err.startswith("Warning: null is no proof of anything")
    changed = tracker("source", "change", made.object["id"], "--origin", "file://")
    assert (changed.code, "Warning: file:// is sent by" in changed.err) == (0, True)
    assert tracker("source", "list", "--json").lines[0]["origins"] == ["file://"]
    quiet = tracker("source", "change", made.object["id"], "--origin", "chrome-extension://abc")
    assert (quiet.code, quiet.err) == (0, "")


@ONE_DATABASE
def test_the_defaults_are_the_careful_ones_and_an_id_is_made_up(tracker) -> None:
    made = tracker("source", "create", "--name", "Shop", "--json").object
    assert list(made) == ["id", "secret"]
    assert uuid.UUID(made["id"]).version == 4
    [listed] = tracker("source", "list", "--json").lines
    assert (listed["kind"], listed["referrals"], listed["identify"]) == ("browser", "signed", "verified")
    assert listed["origins"] == listed["domains"] == listed["links"] == []


@ONE_DATABASE
def test_what_is_changed_of_a_source_changes_and_all_else_stays(tracker, tmp_path, engine) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"settings": {"requireConsent": "analytics", "retentionDays": 9}}')
    tracker("source", "create", "--name", "Shop", "--id", "shop", "--kind", "server", "--origin", "https://a.example")
    tracker("source", "change", "shop", "--retention-days", "30", "--identify", "off", "--domain", "a.example")
    [before] = sources.all_sources(engine)
    assert (before.settings, before.identify, before.domains) == ({"retentionDays": 30}, "off", ("a.example",))
    said = tracker(
        "source", "change", "shop", "--name", "New", "--origin", "https://b.example", "--config", str(config)
    )
    assert (said.code, said.out) == (0, "Changed shop.\n")
    [after] = sources.all_sources(engine)
    settings = {"requireConsent": "analytics", "retentionDays": 9}
    assert after == replace(before, name="New", origins=("https://b.example",), settings=settings)
    tracker("source", "change", "shop", "--retention-days", "0")
    assert sources.all_sources(engine) == [replace(after, settings={"requireConsent": "analytics"})]


@ONE_DATABASE
def test_each_list_of_a_source_can_be_emptied(tracker, engine) -> None:
    told = ("--origin", "https://a.example", "--domain", "a.example", "--link", "b.example")
    tracker("source", "create", "--name", "Shop", "--id", "shop", *told)
    [before] = sources.all_sources(engine)
    for number, name in enumerate(("origins", "domains", "links")):
        both = tracker("source", "change", "shop", f"--no-{name}", *told[2 * number : 2 * number + 2])
        said = f"--no-{name} and --{name[:-1]} contradict each other; choose one.\n"
        assert (both.code, both.err, sources.all_sources(engine)) == (1, said, [before])
        assert tracker("source", "change", "shop", f"--no-{name}").code == 0
        before = replace(before, **{name: ()})
        assert sources.all_sources(engine) == [before]


@ONE_DATABASE
def test_a_number_of_days_is_taken_when_a_source_is_made_and_listed_with_it(tracker, tmp_path) -> None:
    config = tmp_path / "config.json"
    for number, said in enumerate(("0", "1.5", '"7"', "true", "36501", "[7]")):
        config.write_text(f'{{"settings": {{"retentionDays": {said}}}}}')
        refused = tracker("source", "create", "--name", "x", "--id", f"x{number}", "--config", str(config))
        assert (refused.code, refused.out) == (1, "")
        assert "retentionDays is a whole number of days from 1 to 36500" in refused.err
    assert tracker("source", "create", "--name", "x", "--retention-days", "36501").code == 2
    tracker("source", "create", "--name", "x", "--id", "x", "--retention-days", "7")
    [listed] = tracker("source", "list", "--json").lines
    assert listed["settings"] == {"retentionDays": 7}
    assert tracker("source", "change", "x", "--link", "com").err.endswith("name your own domain.\n")


@ONE_DATABASE
def test_a_server_sources_secret_is_printed_this_once(tracker, engine) -> None:
    made = tracker("source", "create", "--name", "CRM", "--id", "crm", "--kind", "server", "--json").object
    [stored] = sources.all_sources(engine)
    assert sources.shows_secret(stored, made["secret"])
    for command in (("source", "list", "--json"), ("source", "list"), ("source", "disable", "crm")):
        assert made["secret"] not in tracker(*command).out


@ONE_DATABASE
def test_people_get_a_line_a_field_and_a_table_of_sources(tracker) -> None:
    assert tracker("source", "create", "--name", "Shop", "--id", "shop").out.split() == ["id", "shop", "secret", "null"]
    tracker("source", "create", "--name", "The CRM", "--id", "crm-1", "--kind", "server", "--retention-days", "30")
    tracker("source", "disable", "crm-1")
    assert tracker("source", "list").out.splitlines() == [
        "id     kind     state     keeps days  name",
        "shop   browser  enabled   default     Shop",
        "crm-1  server   disabled  30          The CRM",
    ]


@ONE_DATABASE
def test_the_secret_that_a_sites_backend_signs_with_is_its_sources_own_and_always_the_same(tracker) -> None:
    for name in ("shop", "blog"):
        tracker("source", "create", "--name", name, "--id", name)
    shop, again, blog = (tracker("source", "identify-secret", name).out for name in ("shop", "shop", "blog"))
    assert shop == again
    assert shop != blog
    assert len(shop.strip()) == 64


def test_sources_are_switched_off_and_on(tracker) -> None:
    tracker("source", "create", "--name", "Shop", "--id", "Source ID")
    assert tracker("source", "disable", "Source ID").out == "Disabled Source ID.\n"
    assert [source["enabled"] for source in tracker("source", "list", "--json").lines] == [False]
    assert tracker("source", "enable", "Source ID").out == "Enabled Source ID.\n"
    assert [source["enabled"] for source in tracker("source", "list", "--json").lines] == [True]


@ONE_DATABASE
@pytest.mark.parametrize(
    "command", [("source", verb) for verb in ("change", "disable", "enable", "identify-secret")] + [("snippet",)]
)
def test_a_source_that_is_not_there_is_named_with_where_to_look(command, tracker) -> None:
    said = tracker(*command, "nowhere")
    assert (said.code, said.out) == (1, "")
    assert said.err == "There is no source with the id 'nowhere'; see: tracker source list\n"


@ONE_DATABASE
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--name", " "), "needs a name"),
        (("--name", "Shop", "--id", "shop"), "exists already"),
        (("--name", "Shop", "--id", "x" * 129), "longer than 128"),
        (("--name", "Shop", "--link", "com"), "public suffix"),
        (("--name", "Shop", "--origin", "shop.example"), "not an origin"),
        (("--name", "Shop", "--domain", "https://shop.example"), "not a host name"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(words, complaint: str, tracker) -> None:
    tracker("source", "create", "--name", "Shop", "--id", "shop")
    said = tracker("source", "create", *words, "--json")
    assert (said.code, said.out) == (1, "")
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert len(tracker("source", "list", "--json").lines) == 1


@ONE_DATABASE
@pytest.mark.parametrize("content", ["", "not json", "[]", '{"auto": []}', '{"settings": "x"}', "\xff"])
def test_a_configuration_file_that_says_nothing_usable_is_refused(content: str, tracker, tmp_path) -> None:
    file = tmp_path / "config.json"
    file.write_text(content, encoding="latin-1")
    said = tracker("source", "create", "--name", "Shop", "--config", str(file))
    assert said.code == 1
    assert str(file) in said.err
    assert tracker("source", "list").out == ""


@ONE_DATABASE
@pytest.mark.parametrize(
    "words",
    [
        ("source", "create"),
        ("source", "create", "--name", "x", "--kind", "robot"),
        ("source", "create", "--name", "x", "--referrals", "always"),
        ("source", "create", "--name", "x", "--config", "/nowhere/at/all"),
        ("source", "disable"),
        ("nothing",),
        ("source", "nothing"),
    ],
)
def test_a_command_that_was_mistyped_says_how_it_is_used(words, tracker) -> None:
    said = tracker(*words)
    assert said.code == 2
    assert "Usage:" in said.err


@ONE_DATABASE
def test_the_snippet_is_printed_in_both_forms(tracker) -> None:
    tracker("source", "create", "--name", "Shop", "--id", "Source ID")
    short, inline = tracker("snippet", "Source ID"), tracker("snippet", "Source ID", "--inline")
    assert short.code == inline.code == 0
    for said in (short, inline):
        assert "<script" in said.out
        assert "https://collect.example/tracker" in said.out
    assert "Source%20ID" in short.out
    assert "Source ID" in inline.out
    assert short.out != inline.out


def test_the_types_of_a_source_are_listed_and_forgotten(tracker, make_source, record, clock) -> None:
    make_source("shop")
    record("e1", session="s1")
    listed = tracker("source", "types", "shop", "--json")
    noon = "2025-06-01T12:00:00.000Z"
    assert listed.lines == [{"type": "page-view", "first_seen": noon, "last_used": noon, "hours": 1}]
    assert "page-view  1" in tracker("source", "types", "shop").out
    said = tracker("source", "forget-type", "shop", "page-view", "other")
    assert (said.code, said.out) == (1, "Forgot 1 of 2 types of shop.\n")
    assert tracker("source", "types", "shop", "--json").lines == []
    for command in (("types", "nobody"), ("forget-type", "nobody", "x")):
        unknown = tracker("source", *command)
        assert (unknown.code, "tracker source list" in unknown.err) == (1, True)


def test_the_identify_secret_is_changed_and_the_older_one_retired(tracker, engine) -> None:
    tracker("source", "create", "--id", "shop", "--name", "Shop")
    first = tracker("source", "identify-secret", "shop").out
    second = tracker("source", "identify-secret", "shop", "--rotate").out
    assert first != second
    assert tracker("source", "identify-secret", "shop").out == second
    assert sources.all_sources(engine)[0].identify_generations == (1, 0)
    assert tracker("source", "identify-secret", "shop", "--retire-old").out == second
    assert sources.all_sources(engine)[0].identify_generations == (1, 1)
    third = tracker("source", "identify-secret", "shop", "--rotate", "--retire-old").out
    assert third not in (first, second)
    assert sources.all_sources(engine)[0].identify_generations == (2, 2)
    assert tracker("source", "identify-secret", "none", "--rotate").code == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_command_shows_how_to_sign(tracker) -> None:
    tracker("source", "create", "--id", "shop", "--name", "Shop")
    said = {"user_id": "4711", "traits": {"plan": "pro", "name": "Zoë"}}
    text, signature = tracker("source", "identify-secret", "shop", "--sign", json.dumps(said)).out.splitlines()
    assert text == '{"traits":{"name":"Zoë","plan":"pro"},"user_id":"4711"}'
    secret = tracker("source", "identify-secret", "shop").out.strip()
    assert signature == hmac.new(f"{secret}:traits".encode(), text.encode(), hashlib.sha256).hexdigest()
    for wrong in ("{", "[]", "{}", '{"user_id": "a", "traits": {"price": 9.9}}'):
        refused = tracker("source", "identify-secret", "shop", "--sign", wrong)
        assert (refused.code, refused.out) == (1, "")
