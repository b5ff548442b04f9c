"""Event sources: made and switched by the operator, looked up by every request."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tracker.core.model import Source
from tracker.store import reports, sources

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def test_a_source_comes_back_as_it_was_made(engine, clock) -> None:
    wanted = Source(
        id="Source ID",
        name="Läden & Co",
        origins=("https://shop.example", "http://localhost:3000"),
        domains=("shop.example",),
        links=("blog.example",),
        referrals="plain",
        identify="open",
        auto={"events": [["page-view", {"category": "laptops"}]], "triggers": []},
        settings={"sendGpc": True, "text": "</script>\u2028"},
    )
    made, secret = sources.create(engine, wanted, clock())
    assert made == wanted
    assert secret is None
    assert sources.all_sources(engine) == [wanted]


def test_sources_are_listed_the_oldest_first(engine, make_source, clock) -> None:
    for name in ("c", "a", "b"):
        make_source(name)
        clock.forward(1)
    assert [source.id for source in sources.all_sources(engine)] == ["c", "a", "b"]


def test_a_second_source_with_the_same_id_is_refused_and_changes_nothing(engine, make_source) -> None:
    first = make_source("shop", name="First")
    with pytest.raises(sources.SourceExists, match="'shop' exists already"):
        make_source("shop", name="Second")
    assert sources.all_sources(engine) == [first]


def test_of_many_who_make_the_same_source_at_once_one_succeeds(engine, clock) -> None:
    def make(number: int) -> bool:
        try:
            sources.create(engine, Source("shop", f"Number {number}"), clock())
        except sources.SourceExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(8))) == 1
    assert len(sources.all_sources(engine)) == 1


@SQLITE
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"id": ""}, "must not be empty"),
        ({"id": "x" * 129}, "longer than 128"),
        ({"id": "two\nlines"}, "printable"),
        ({"name": "   "}, "needs a name"),
        ({"name": "x" * 257}, "at most 256"),
        ({"name": "two\nlines"}, "printable"),
        ({"kind": "robot"}, "'robot' is not one of"),
        ({"referrals": "always"}, "'always' is not one of"),
        ({"identify": "sometimes"}, "'sometimes' is not one of"),
        ({"origins": ("shop.example",)}, "not an origin"),
        ({"origins": ("https://shop.example/path",)}, "not an origin"),
        ({"origins": ("ftp://shop.example",)}, "not an origin"),
        ({"origins": ("https://u:p@shop.example",)}, "not an origin"),
        ({"domains": ("https://shop.example",)}, "not a host name"),
        ({"links": ("com",)}, "public suffix"),
        ({"links": ("co.uk",)}, "public suffix"),
        ({"links": (".CO.UK.",)}, "public suffix"),
        ({"links": ("github.io",)}, "public suffix"),
        ({"settings": {"trackExternalLinks": ["de"]}}, "public suffix"),
        ({"settings": {"trackExternalLinks": "blog.example"}}, "must be a list"),
    ],
)
def test_a_source_that_could_not_work_is_refused_with_the_reason(options, complaint, engine, clock) -> None:
    wanted = Source(**{"id": "shop", "name": "Shop"} | options)
    with pytest.raises(ValueError, match=complaint):
        sources.create(engine, wanted, clock())
    assert sources.all_sources(engine) == []


@SQLITE
def test_origins_and_hosts_are_kept_in_the_spelling_they_are_compared_in(make_source) -> None:
    made = make_source(
        "  shop ",
        origins=("HTTPS://Shop.Example:443/", "http://shop.example:80", "https://shop.example", "http://[::1]:8000"),
        domains=("Bücher.Example.",),
        links=("", "Blog.Example", "blog.example", "localhost"),
        settings={"trackExternalLinks": ["news.example", ""], "other": 1},
    )
    assert made.id == "shop"
    assert made.origins == ("https://shop.example", "http://shop.example", "http://[::1]:8000")
    assert made.domains == ("xn--bcher-kva.example",)
    assert made.links == ("blog.example", "localhost", "news.example")
    assert made.settings == {"other": 1}


def test_the_longest_names_and_ids_fit_on_both_databases(engine, make_source) -> None:
    made = make_source("🦊" * 128, name="é" * 256)
    assert sources.all_sources(engine) == [made]


# Secrets -----------------------------------------------------------------------------------------------------------


def test_a_server_sources_secret_is_shown_once_and_never_stored(engine, clock) -> None:
    made, secret = sources.create(engine, Source("crm", "CRM", kind="server"), clock())
    other, another = sources.create(engine, Source("erp", "ERP", kind="server"), clock())
    assert secret is not None
    assert len(secret) >= 40
    assert secret != another
    assert sources.shows_secret(made, secret)
    assert not sources.shows_secret(other, secret)
    for wrong in (None, "", secret[:-1], secret + " ", made.secret_hash):
        assert not sources.shows_secret(made, wrong)
    with engine.connect() as conn:
        assert secret not in str(conn.exec_driver_sql("SELECT * FROM source").all())


def test_a_source_without_a_secret_accepts_none(make_source) -> None:
    assert not sources.shows_secret(make_source("shop"), "")
    assert not sources.shows_secret(make_source("blog"), "anything")


# The directory -----------------------------------------------------------------------------------------------------


def test_switching_an_unknown_source_says_so(engine, clock) -> None:
    assert not sources.switch(engine, "nowhere", enabled=False, now=clock())


def test_a_source_is_changed_but_for_its_secret(engine, make_source, clock) -> None:
    made, secret = sources.create(engine, Source("backend", "Old", kind="server"), clock())
    wanted = Source("backend", " New ", kind="server", origins=("HTTPS://Shop.example:443",), settings={"spa": True})
    assert sources.change(engine, wanted, clock())
    [found] = sources.all_sources(engine)
    assert (found.name, found.origins, found.settings) == ("New", ("https://shop.example",), {"spa": True})
    assert sources.shows_secret(found, secret)
    assert made.secret_hash == found.secret_hash
    assert not sources.change(engine, Source("gone", "x"), clock())


def test_what_is_wrong_with_a_change_leaves_the_source_as_it_was(engine, make_source, clock) -> None:
    before = make_source("shop")
    with pytest.raises(ValueError, match="public suffix"):
        sources.change(engine, Source("shop", "x", links=("co.uk",)), clock())
    assert sources.all_sources(engine) == [before]


def test_a_new_secret_ends_the_old_one(engine, clock) -> None:
    _, old = sources.create(engine, Source("backend", "x", kind="server"), clock())
    new = sources.new_secret(engine, "backend", clock())
    [found] = sources.all_sources(engine)
    assert sources.shows_secret(found, new)
    assert not sources.shows_secret(found, old)


def test_a_browser_source_has_no_secret_to_renew(engine, make_source, clock) -> None:
    make_source("shop")
    assert sources.new_secret(engine, "shop", clock()) is None
    assert sources.new_secret(engine, "gone", clock()) is None


def test_what_a_removed_source_has_sent_stays(engine, make_source, record, read) -> None:
    make_source("shop")
    make_source("other")
    record("e1", session="s1")
    assert sources.remove(engine, "shop")
    assert not sources.remove(engine, "shop")
    assert [source.id for source in sources.all_sources(engine)] == ["other"]
    assert [event["id"] for event in read(reports.events, source_id="shop")] == ["e1"]
    assert read(reports.heard_from, ["shop", "other"]) == {"shop"}


def test_everything_that_is_wrong_is_named_by_its_field() -> None:
    wrong = Source(" ", "", kind="x", origins=("shop",), domains=("a b",), links=("com",), referrals="y", identify="z")  # type: ignore[arg-type]
    fields = {"id", "name", "kind", "origins", "domains", "links", "referrals", "identify", "settings"}
    assert set(sources.problems(replace(wrong, settings={"trackExternalLinks": 1}))) == fields
    assert sources.problems(Source("shop", "Shop")) == {}
