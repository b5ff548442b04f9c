"""Where a visit came from."""

from urllib.parse import quote

import pytest
from core_builders import event

from tracker.core.touchpoint import CLICK_IDS, first_page, referrer_host, touchpoint


def seen(page, context=None):
    return touchpoint(context or {}, (event(context={"page": page}),))


NOTHING = [
    *("(not set)", "(none)", "(not%20provided)", "{{source}}", "%7B%7Bsite_source_name%7D%7D", "{campaignid}"),
    *(
        "__CAMPAIGN_NAME__",
        "*|UID|*",
        "null",
        "undefined",
        "[null]",
        "%25campaign%25",
        "-",
        "%E2%80%8B",
        "$%7Bsource%7D",
    ),
]
SOMETHING = [
    "guest",
    "0",
    "no",
    "na",
    "true",
    "members",
    "[running shoes]",
    "Infinity",
    "user",
    "nothing",
    "blank",
    "🎄",
]
QUERIES = [
    ("", {}),
    ("?utm_source=letter", {"origin": "letter"}),
    (
        "?utm_source=a&utm_medium=b&utm_campaign=c&utm_term=d&utm_content=e",
        {"origin": "a", "medium": "b", "campaign": "c", "term": "d", "content": "e"},
    ),
    ("?utm_source=&utm_medium=mail", {"medium": "mail"}),
    ("?utm_source=spring+sale%20%C3%BC", {"origin": "spring sale ü"}),
    ("?utm_id=7&other=1", {}),
    ("?gclid=G&fbclid=F", {"gclid": "G", "fbclid": "F"}),
    ("?utm_source=one&utm_source=two", {"origin": "two"}),
    ("#utm_source=hash", {}),
    (f"?utm_source={'a' * 300}", {"origin": "a" * 256}),
    (f"?gclid={'a' * 300}", {"gclid": "a" * 256}),
    ("?utm_source=x" + "&a=1" * 200, {}),
    ("?UTM_SOURCE=Letter&Utm_Medium=Mail", {"origin": "Letter", "medium": "Mail"}),
    ("?GCLID=G&Fbclid=F", {"gclid": "G", "fbclid": "F"}),
    ("?a=1&amp;utm_source=letter&amp;utm_medium=mail", {"origin": "letter", "medium": "mail"}),
    ("?a=1&AMP;amp;gclid=G", {"gclid": "G"}),
    ("?a=1&amp%3Butm_source=letter", {"origin": "letter"}),
    ("?a=1&amp%253Butm_source=letter", {}),
    ("?a=1&#038;utm_source=letter&#x26;utm_medium=mail", {"origin": "letter", "medium": "mail"}),
    ("?amp;utm_source=letter", {"origin": "letter"}),
    ("?%75tm_source=letter&utm%5Fmedium=mail", {"origin": "letter", "medium": "mail"}),
    ("?+utm_source+=+letter+", {"origin": "letter"}),
    ("?utm_source=%20&utm_medium=mail", {"medium": "mail"}),
    ("?utm_source=one&UTM_SOURCE=two", {"origin": "two"}),
    *((f"?utm_source={nothing}&utm_medium=mail", {"medium": "mail"}) for nothing in NOTHING),
    *((f"?utm_source={quote(text)}", {"origin": text}) for text in SOMETHING),
    ("?utm_source=letter&utm_source=(not set)&gclid={gclid}", {"origin": "letter"}),
    ("??utm_source=letter", {"origin": "letter"}),
    ("?? utm_source=letter&?utm_medium=mail", {"origin": "letter", "medium": "mail"}),
    ("?a=1\\u0026utm_source=letter\\U0026amp;utm_medium=mail", {"origin": "letter", "medium": "mail"}),
    ("?a=1%5Cu0026utm_source=letter%5cx26utm_medium=mail", {"origin": "letter", "medium": "mail"}),
    ("?utm_source%3Dletter&utm_medium%3dmail", {"origin": "letter", "medium": "mail"}),
    ("?utm_source%3Dletter%26utm_medium%3Dspring%2520mail", {"origin": "letter", "medium": "spring mail"}),
    ("?next=https%3A%2F%2Fa.example%2F%3Futm_source%3Dletter", {}),
    ("?next%3Dhttps%3A%2F%2Fa.example%2F%3Futm_source%3Dletter", {}),
    ("?utm_source={{" + "a" * 100 + "}}", {"origin": "{{" + "a" * 100 + "}}"}),
    ("?utm_source=x" + "&a%3D1%26b%3D2" * 100, {}),
    ("?utm_source=tea%20%26amp%3B%20scones", {"origin": "tea &amp; scones"}),
]


@pytest.mark.parametrize(("query", "point"), QUERIES, ids=[row[0][:40] or "none" for row in QUERIES])
def test_campaign_parameters_and_click_ids_of_the_first_page(query, point):
    assert seen(f"https://shop.example/{query}") == point


@pytest.mark.parametrize("name", CLICK_IDS)
def test_every_click_id_is_kept_by_its_name(name):
    assert seen(f"https://shop.example/?{name}=1") == {name: "1"}


UTM = [
    ("short-names", {"source": "letter", "medium": "mail"}, {"origin": "letter", "medium": "mail"}),
    ("full-names", {"utm_source": "letter"}, {"origin": "letter"}),
    ("wins-over-the-page", {"source": "letter"}, {"origin": "letter"}),
    ("empty-says-nothing", {"source": ""}, {"origin": "page"}),
    ("not-filled-in", {"source": "(not set)", "medium": "{{medium}}"}, {"origin": "page"}),
    ("not-text", {"source": 7, "medium": None, "campaign": ["x"]}, {"origin": "page"}),
    ("unknown-names", {"color": "red"}, {"origin": "page"}),
    ("written-by-hand", {"UTM_Source": "letter", "amp;utm_medium": "mail"}, {"origin": "letter", "medium": "mail"}),
    ("half-written-by-hand", {"Amp;Amp; Medium": " mail "}, {"origin": "page", "medium": "mail"}),
    ("not-an-object", "letter", {"origin": "page"}),
    ("null", None, {"origin": "page"}),
]


@pytest.mark.parametrize(("utm", "point"), [row[1:] for row in UTM], ids=[row[0] for row in UTM])
def test_the_campaign_in_the_context_counts_more_than_the_pages_parameters(utm, point):
    assert seen("https://shop.example/?utm_source=page", {"utm": utm}) == point


PAGES = [
    ("none", {}, [], {}),
    ("plain-url", {}, [{"page": "https://a.example"}], {"url": "https://a.example"}),
    ("object", {}, [{"page": {"url": "https://a.example"}}], {"url": "https://a.example"}),
    ("first-that-has-one", {}, [{}, {"page": {}}, {"page": {"url": "b"}}, {"page": "c"}], {"url": "b"}),
    ("event-before-payload", {"page": "p"}, [{"page": "e"}], {"url": "e"}),
    ("payload", {"page": {"url": "p"}}, [{}], {"url": "p"}),
    ("not-a-page", {}, [{"page": ["x"]}, {"page": 7}, {"page": None}], {}),
]


@pytest.mark.parametrize(("context", "contexts", "page"), [row[1:] for row in PAGES], ids=[row[0] for row in PAGES])
def test_the_first_page_of_a_payload(context, contexts, page):
    assert first_page(context, tuple(event(context=own) for own in contexts)) == page


REFERRERS = [
    ("url", {"referrer": "https://News.example/a"}, "news.example"),
    ("originals-spelling", {"referer": "https://news.example/"}, "news.example"),
    ("originals-object", {"referer": {"host": "news.example", "query": None}}, "news.example"),
    ("ours-first", {"referrer": "https://a.example", "referer": "https://b.example"}, "a.example"),
    ("empty", {"referrer": "", "referer": "https://b.example"}, "b.example"),
    ("host", {"referrer": "news.example"}, "news.example"),
    ("host-and-port", {"referrer": "news.example:8080"}, "news.example"),
    ("absent", {}, None),
    ("null", {"referrer": None}, None),
    ("object-without-host", {"referrer": {"query": "a"}}, None),
    ("not-text", {"referrer": 7}, None),
    ("no-host", {"referrer": "about://"}, None),
]


@pytest.mark.parametrize(("page", "host"), [row[1:] for row in REFERRERS], ids=[row[0] for row in REFERRERS])
def test_the_referring_host(page, host):
    assert referrer_host(page) == host


def test_a_referring_host_is_part_of_where_a_visit_came_from():
    assert seen({"url": "https://shop.example/", "referrer": "https://news.example/"}) == {"referrer": "news.example"}


@pytest.mark.parametrize("url", [None, 7, ["https://shop.example/?utm_source=a"], "http://[::1/?utm_source=a"])
def test_a_page_whose_url_cannot_be_read_says_nothing(url):
    assert seen({"url": url, "title": "x"}) == {}
