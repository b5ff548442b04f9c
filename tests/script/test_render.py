"""The renderer: one blob of configuration that no value breaks out of, and only the parts that a source needs."""

import gzip
import json
import re
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.model import Source
from tracker.script.chunks import CHUNKS, chunks_for
from tracker.script.render import FORMS, esm_snippet, gtm_snippet, line_snippet, page_script, snippet, tracker_script

PUBLIC_URL = "https://collect.example"
SHOP = Source(
    id="shop",
    name="Shop",
    links=("blog.example",),
    auto={
        "events": [["page-view", {"category": "laptops"}]],
        "triggers": [{"tag": "product", "trigger": "onVisible", "data": {"event": "image-viewed"}}],
    },
    settings={"spa": True},
)
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "'\"\\",
    '"});alert(1);//',
    "${alert(1)}",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{#",
    "\u2028\u2029",
    "\x00\x1f\x7f",
    "\\u003c/script",
    "é漢😀",
    "`",
    "&lt;&amp;",
]


def baked(script: bytes) -> Any:
    """Return the configuration in a rendered script, read the way a browser reads it."""
    literal = re.search(r"JSON\.parse\('((?:[^'\\]|\\\\)*)'\)", script.decode())
    assert literal is not None
    return json.loads(literal.group(1).replace(r"\\", "\\"))


def test_the_configuration_of_the_source_is_baked_in() -> None:
    assert baked(tracker_script(SHOP, PUBLIC_URL).body) == {
        "tracker": {
            "url": {"api": PUBLIC_URL},
            "source": {"id": "shop"},
            "auto": {"events": SHOP.auto["events"], "triggers": SHOP.auto["triggers"]},
            "settings": {"spa": True, "trackExternalLinks": ["blog.example"]},
        }
    }


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_breaks_out_of_the_blob(value: str) -> None:
    source = Source(id=value, name="x", auto={"events": [[value, {value: value}]]}, settings={value: value})
    script = tracker_script(source, PUBLIC_URL).body
    config = baked(script)["tracker"]
    assert config["source"] == {"id": value}
    assert config["auto"]["events"] == [[value, {value: value}]]
    blob = script[script.index(b"F.start(window") :]
    assert blob.count(b"'") == 2, "the two around the blob"
    assert not re.search(rb"[<>&\x00-\x09\x0b-\x1f\x7f-\xff]", blob)


# Each text makes a script anew, and packing one as small as it gets takes its time.
@given(st.text())
def test_any_text_comes_through_the_script_as_it_is(value: str) -> None:
    source = Source(id="s", name="x", settings={"any": value})
    assert baked(tracker_script(source, PUBLIC_URL).body)["tracker"]["settings"]["any"] == value


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("inline", [False, True])
def test_no_value_breaks_out_of_a_snippet(value: str, inline: bool) -> None:
    source = Source(id=value, name="x", settings={"any": value})
    harmless = Source(id="s", name="x", settings={"any": "y"})
    tags = re.compile(r"<[^=\s]+")
    text, usual = snippet(source, PUBLIC_URL, inline=inline), snippet(harmless, PUBLIC_URL, inline=inline)
    assert tags.findall(text) == tags.findall(usual)


def test_a_script_is_the_same_bytes_and_tag_however_its_source_was_put_together() -> None:
    twin = Source(
        id="shop",
        name="Another name",
        links=("blog.example",),
        auto=MappingProxyType({"triggers": tuple(SHOP.auto["triggers"]), "events": tuple(SHOP.auto["events"])}),
        settings=MappingProxyType({"spa": True}),
    )
    assert tracker_script(twin, PUBLIC_URL) == tracker_script(SHOP, PUBLIC_URL)


def test_the_tag_changes_with_the_configuration() -> None:
    other = Source(id="shop", name="Shop")
    assert tracker_script(other, PUBLIC_URL).etag != tracker_script(SHOP, PUBLIC_URL).etag


def test_the_precompressed_bodies_are_the_body() -> None:
    script = tracker_script(SHOP, PUBLIC_URL)
    assert gzip.decompress(script.gzip) == brotli.decompress(script.brotli) == script.body


def test_a_source_that_passes_nobody_on_decorates_no_links() -> None:
    source = Source(id="s", name="x", links=("blog.example",), referrals="off")
    assert "trackExternalLinks" not in baked(tracker_script(source, PUBLIC_URL).body)["tracker"]["settings"]


@pytest.mark.parametrize(
    ("auto", "settings", "chunks"),
    [
        ({}, {}, ()),
        ({"events": [["page-view", {}]]}, {"respectDoNotTrack": True}, ()),
        ({}, {"trackExternalLinks": ["blog.example"]}, ("nodes", "links")),
        ({}, {"trackExternalLinks": []}, ()),
        ({}, {"requireConsent": True}, ("consent",)),
        ({}, {"spa": "hash", "trackWebVitals": True}, ("vitals", "spa")),
        ({}, {"trackGoogleClientId": True}, ("google",)),
        ({}, {"trackErrors": True}, ("nodes", "triggers", "moments")),
        ({"triggers": [{"trigger": "onVisible"}]}, {}, ("nodes", "triggers", "visible")),
        (
            {"triggers": [{"trigger": "onClick"}, {"trigger": "onLeave"}]},
            {},
            ("nodes", "triggers", "moments", "elements"),
        ),
        ({"triggers": [{"trigger": "onNothing"}, {}, "text"]}, {}, ()),
        ({"triggers": "text"}, {}, ()),
    ],
)
def test_a_source_gets_the_parts_it_has_switched_on(
    auto: dict[str, Any], settings: dict[str, Any], chunks: tuple[str, ...]
) -> None:
    assert chunks_for(auto, settings) == ("core", *chunks)


def test_a_page_with_its_own_options_gets_every_part_and_the_address_of_the_server() -> None:
    script = page_script(PUBLIC_URL)
    assert baked(script.body) == {"tracker": {"url": {"api": PUBLIC_URL}}}
    assert script.body.count(b"F.push(") == len(CHUNKS) - 1


def test_the_usual_snippet_is_a_stub_and_the_script_of_the_source() -> None:
    text = snippet(Source(id="a b/ü", name="x"), PUBLIC_URL)
    assert text.splitlines()[0].startswith("<script>/*<![CDATA[*/(")
    assert text.splitlines()[1] == (
        '<script async="" src="https://collect.example/tracker?source_id=a%20b%2F%C3%BC"></script>'
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_well_formed_xml_with_its_code_as_it_is(form: str) -> None:
    text = FORMS[form](SHOP, PUBLIC_URL, None if form == "gtm" else "r4nd")
    scripts = ET.fromstring(f'<head xmlns="http://www.w3.org/1999/xhtml">{text}</head>')  # noqa: S314
    code = "".join(script.text or "" for script in scripts)
    assert (form == "line") == (code == "")
    assert form == "line" or code.count("&&") == text.count("&&") > 0


def test_a_nonce_is_on_every_tag() -> None:
    for text in (
        snippet(SHOP, PUBLIC_URL, nonce="r4nd"),
        snippet(SHOP, PUBLIC_URL, nonce="r4nd", inline=True),
        line_snippet(SHOP, PUBLIC_URL, nonce="r4nd"),
        esm_snippet(SHOP, PUBLIC_URL, nonce="r4nd"),
    ):
        assert text.count("<script") == text.count('nonce="r4nd"')


def test_the_inline_snippet_holds_the_options_of_the_seed() -> None:
    text = snippet(SHOP, PUBLIC_URL, inline=True)
    options = json.loads(text[text.index("const options = ") + 16 : text.index(";\n")])
    assert options["tracker"]["url"] == {"script": f"{PUBLIC_URL}/tracker", "api": PUBLIC_URL}
    assert options["tracker"]["auto"]["events"] == [["page-view", {"category": "laptops"}]]
    assert options["tracker"]["settings"]["trackExternalLinks"] == ["blog.example"]
    assert text.rstrip().endswith('<script async="" src="https://collect.example/tracker/liliput.min.js"></script>')


def test_the_other_forms_name_the_same_script() -> None:
    url = "https://collect.example/tracker?source_id=shop"
    assert line_snippet(SHOP, PUBLIC_URL) == f'<script async="" src="{url}"></script>\n'
    assert f's.src = "{url}";' in gtm_snippet(SHOP, PUBLIC_URL)
    assert f'import "{url}";' in esm_snippet(SHOP, PUBLIC_URL)


def test_what_only_the_server_needs_is_not_told_to_the_page() -> None:
    consent = {"requireConsent": "analytics"}
    secret = {"scrubParameters": ["CANARY"], "quota": "7/day", "retentionDays": 4711}
    told, plain = (Source(id="shop", name="Shop", settings=settings) for settings in (consent | secret, consent))
    assert "analytics" in tracker_script(told, PUBLIC_URL).body.decode()
    assert tracker_script(told, PUBLIC_URL).body == tracker_script(plain, PUBLIC_URL).body
    for form in FORMS.values():
        assert form(told, PUBLIC_URL, None) == form(plain, PUBLIC_URL, None)
