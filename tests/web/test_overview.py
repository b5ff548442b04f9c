"""The console's front page: the numbers of a span, beside those before it, and as files."""

import csv
import io
from html import unescape

import pytest

from tracker.core.visit_names import Agent
from tracker.store import folding
from tracker.store.engine import transaction

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/129.0.0.0 Mobile Safari/537.36"


def describe(header: str) -> Agent:
    return Agent("bot" in header, "Firefox", "Linux")


@pytest.fixture
def fold(engine, clock):
    def go() -> None:
        while transaction(engine, lambda conn: folding.fold(conn, describe, clock())).rows:
            pass

    return go


@pytest.fixture
def visited(sites, track, arriving, clock, fold):
    """A visitor who was on the shop yesterday, and came from there to the blog today; a robot, and a stolen link."""
    sites()
    page = {"page": {"url": "https://shop.example/laptops?card=not-to-be-shown"}, "utm": {"campaign": "=SUM(A1)"}}
    first = track("e1", "e2", context=page, session="s1", headers={"User-Agent": PHONE})["profile"]["id"]
    clock.forward(86_400)
    track("e3", source="blog", session="s2", context=arriving(first))
    track("e4", source="blog", session="s3", context=arriving("nobody"))
    track("e5", source="blog", session="s4", headers={"User-Agent": "a bot"})
    fold()


def table(answer) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def text_of(answer) -> str:
    assert answer.status_code == 200
    return " ".join(unescape(answer.text).split())


@pytest.mark.parametrize(("paths", "said"), [(11, "1 further view."), (12, "2 further views.")])
def test_what_a_list_leaves_out_is_counted_in_words(paths, said, console, make_source, track, fold) -> None:
    make_source("shop")
    for number in range(paths):
        url = f"https://shop.example/{number}"
        track(f"e{number}", context={"page": {"url": url}}, session="s1", headers={"User-Agent": PHONE})
    fold()
    assert f">{said}</p>" in text_of(console.get("/"))


def test_the_front_page_leads_to_the_sources_until_something_was_counted(console) -> None:
    assert console.get("/").location == "/sources"


@pytest.mark.usefixtures("visited")
def test_the_page_shows_who_came_and_from_where_to_where(console) -> None:
    shown = text_of(console.get("/"))
    assert '<span class="value">2</span>' in shown
    assert "shop.example/laptops" in shown
    assert "not-to-be-shown" not in shown
    assert "The referred profile does not exist." in shown
    assert '<th scope="row">shop</th><td class="text">blog</td><td>1</td><td class="bad">1</td>' in shown


@pytest.mark.usefixtures("visited")
def test_a_visitor_of_two_days_is_one_and_each_day_has_its_own(console, clock) -> None:
    lines = table(console.get("/overview.csv?what=line&span=7d"))
    assert lines[0] == ["day (UTC)", "visitors", "visits", "events"]
    assert lines[-2:] == [["2025-06-01", "1", "1", "2"], ["2025-06-02", "2", "2", "2"]]
    assert len(lines) == 8
    assert '<span class="value">2</span>' in text_of(console.get("/?span=7d"))


FILES = [
    ("page", "", [["page", "views"], ["shop.example/laptops", "2"], ["blog.example/article", "2"]]),
    ("event", "shop", [["event", "events"], ["page-view", "2"]]),
    ("device", "shop", [["device", "visits"], ["mobile", "1"]]),
    ("campaign", "", [["campaign", "visits"], ["'=SUM(A1)", "1"]]),
    (
        "flow",
        "",
        [
            ["from", "to", "outcome", "times"],
            ["shop", "blog", "The referred profile does not exist.", "1"],
            ["shop", "blog", "adopted", "1"],
        ],
    ),
]


@pytest.mark.usefixtures("visited")
def test_every_table_is_a_file_that_no_spreadsheet_runs(console) -> None:
    for what, source, rows in FILES:
        found = table(console.get(f"/overview.csv?what={what}&source={source}"))
        assert sorted(found) == sorted(rows), what
    today = table(console.get("/overview.csv?what=line&span=today&source=blog"))
    assert (len(today), today[13]) == (25, ["2025-06-02 12:00", "2", "2", "2"])
    assert console.get("/overview.csv?what=secrets").status_code == 404


ASKED = [
    ("from=2025-06-01&to=2025-06-02", "2025-06-01 to 2025-06-02"),
    ("from=2025-06-02&to=2025-06-01", "2025-06-01 to 2025-06-02"),
    ("from=2025-06-02&to=2999-01-01", "2025-06-02, beside the whole day before"),
    ("from=2998-01-01&to=2999-01-01", "These days are yet to come."),
    ("from=1969-01-01&to=2025-01-01", "Nothing was counted before 1970."),
    ("from=2015-01-01&to=2025-01-01", "Ask for at most 1100 days at once."),
    ("from=yesterday&to=", "Write both days as 2025-06-01."),
    ("span=yesterday", "2025-06-01, beside the whole day before"),
    ("span=nonsense", "2025-05-04 to 2025-06-02"),
    ("source=nobody%00&span=%27", "2025-05-04 to 2025-06-02"),
]


@pytest.mark.usefixtures("visited")
def test_whatever_is_asked_for_there_is_a_page(console) -> None:
    for asked, told in ASKED:
        assert told in text_of(console.get(f"/?{asked}")), asked


@pytest.mark.usefixtures("visited")
def test_the_numbers_are_shown_beside_those_of_as_many_days_before(console) -> None:
    shown = text_of(console.get("/?from=2025-06-02&to=2025-06-02"))
    assert '<span class="value">2</span> <span class="change" title="1 in the time before">+100 %' in shown
