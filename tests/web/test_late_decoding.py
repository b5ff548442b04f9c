"""A value that is unfit only once it is decoded: in a URL, in HTML, in a header. Both databases keep the same."""

import pytest

from tracker.ingest import counting
from tracker.store import reports

UNFIT = ["%00", "a%00b", "%ED%A0%80", "%C0%80", "%FF", "%2500", "%u0000", "%EF%BF%BF", "%1F%7F", "&#0;", "\\u0000", "%"]
NAMES = ["gclid", "fbclid", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "%00", "utm_%00"]
BODY = """{"source": {"id": "shop"}, "session": {"id": "sNUMBER"},
  "context": {"page": {"url": "https://x.example/?q=UNFIT"}, "utm": {"source": "UNFIT"}, "consents": {"UNFIT": true}},
  "events": [{"type": "KIND", "id": "KIND-NUMBER", "tags": ["UNFIT"], "context": {"page": "https://x.example/UNFIT"},
    "properties": {"UNFIT": "UNFIT", "email": "UNFIT", "user_id": "UNFIT", "traits": {"UNFIT": "UNFIT"}}}]}"""
TYPES = ["page-view", "identify", "consent-granted", "order"]


def urls():
    for name in NAMES:
        for value in UNFIT:
            yield f"https://shop.example/a{value}/?{name}={value}#x{value}"
    for value in UNFIT:
        yield f"https://{value}.example/{value}"
        yield f"https://shop.example/?next=https%3A%2F%2Fother.example%2F%3Futm_source%3D{value}"


@pytest.fixture
def shop(make_source):
    make_source("shop", identify="open", settings={"scrubParameters": ["sid"]})


@pytest.mark.usefixtures("shop")
def test_no_page_s_address_keeps_an_event_from_being_stored(track, read, broken, engine, clock) -> None:
    for number, url in enumerate(urls()):
        referrer = {"host": url.split("/")[2]} if number % 2 else url
        answer = track(
            f"e{number}",
            session=f"s{number}",
            context={"page": {"url": url, "referrer": referrer}, "utm": {"source": url, "x%00": url}},
            options={"debugger": True},
        )
        assert answer["events"] == [{"id": f"e{number}", "fate": "stored"}], url
    found = read(reports.events)
    assert len(found) == number + 1
    assert "\\u0000" not in str(found).replace("\\\\u0000", "")
    assert counting.fold_all(engine, clock, lambda _: None) == number + 1
    assert broken() == {}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("kind", TYPES)
def test_no_text_of_an_event_keeps_it_from_being_stored(kind: str, client, payload, read, broken) -> None:
    # Escapes of JSON, as a client writes them; what is no id is replaced with a warning.
    for number, unfit in enumerate([r"\u0000", r"\ud800", r"\udfff\ud800", r"a\u0000b", *UNFIT[:3]]):
        body = BODY.replace("UNFIT", unfit).replace("KIND", kind).replace("NUMBER", str(number))
        answer = client.post("/track", data=body.encode(), content_type="application/json")
        assert answer.status_code == 200, (unfit, answer.text)
        assert answer.get_json()["errors"] == []
    assert len(read(reports.events)) == number + 1
    assert broken() == {}


@pytest.mark.usefixtures("shop")
def test_no_header_keeps_an_event_from_being_stored(client, payload, read) -> None:
    for number, value in enumerate(["a\0b", "\x7f", "\u00ff\u00fe", "Ã\x80"]):
        environ = {"HTTP_USER_AGENT": value, "HTTP_ACCEPT_LANGUAGE": value, "HTTP_SEC_CH_UA": value}
        answer = client.post("/track", json=payload(f"e{number}", session=f"s{number}"), environ_overrides=environ)
        assert answer.status_code == 200, repr(value)
    assert len(read(reports.events)) == number + 1
