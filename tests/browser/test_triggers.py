"""Every trigger: done as a visitor does it, and read from the database with its properties."""

from typing import Any

import pytest
from playwright.sync_api import Page

from browser.visiting import SHOP, known, settled
from browser.web import Web


def trigger(name: str, event: str, tag: str | None = None, **more: Any) -> dict[str, Any]:
    return {"trigger": name, "data": {"event": event}, **({"tag": tag} if tag else {}), **more}


TRIGGERS = [
    trigger("onVisible", "image-viewed", "product"),
    trigger("onVisible", "far-seen", "far", threshold=0.5),
    trigger("onAppear", "appeared", "added"),
    trigger("onTextSelect", "text-selected", "quote"),
    trigger("onMouseOver", "hovered", "product", data={"event": "hovered", "properties": {"campaign": "spring"}}),
    trigger("onClick", "clicked", selector="#teapot"),
    trigger("onClick", "clicked-once", "product", once=True),
    trigger("onDblClick", "double-clicked", "product"),
    trigger("onFocus", "focused", "amount"),
    trigger("onChange", "changed", "amount"),
    trigger("onSubmit", "submitted", "order"),
    trigger("onCopy", "copied", "quote"),
    trigger("onPlay", "played", "song"),
    trigger("onEnded", "ended", "song"),
    trigger("onScroll", "scrolled", threshold=[25, 90]),
    trigger("onTimer", "stayed", minTime=1),
    trigger("onExitIntent", "going"),
    trigger("onOutbound", "went-out"),
    trigger("onDownload", "downloaded"),
    trigger("onError", "broke"),
    trigger("onLeave", "left"),
]
IMAGE = {"label": "A teapot", "url": "/icon.svg", "product": "Round teapot", "price": "64"}


def the(web: Web, source_id: str, event_type: str, at_least: int = 1) -> list[dict[str, Any]]:
    """Return the properties of the stored events of a type."""
    return [event["properties"] for event in web.events(source_id, event_type, at_least)]


@pytest.fixture
def shop(web: Web, page: Page) -> str:
    """A shop that listens to everything, with a visitor on its page."""
    source_id = web.site("shop.test", "triggers.html", auto={"events": [["page-view", {}]], "triggers": TRIGGERS})
    web.show("wiki.test")
    page.goto(SHOP)
    known(settled(page))
    return source_id


@pytest.mark.case("every trigger")
def test_what_comes_into_view_or_into_the_document_is_seen(web: Web, page: Page, shop: str) -> None:
    assert the(web, shop, "image-viewed") == [IMAGE]
    page.evaluate(
        "document.querySelector('#late').innerHTML = "
        "'<b data-tracardi-tag=added title=New>new</b><b data-tracardi-tag=added data-tracardi-ignore>no</b>'"
    )
    assert the(web, shop, "appeared") == [{"label": "New"}]
    assert web.stored(shop, "far-seen") == []
    page.mouse.wheel(0, 5000)
    assert the(web, shop, "far-seen") == [{"label": "Far down", "url": "/icon.svg"}]
    assert the(web, shop, "scrolled", 2) == [{"depth": 25}, {"depth": 90}]
    page.mouse.wheel(0, -5000)
    page.evaluate("scrollTo(0, 0)")
    page.mouse.wheel(0, 5000)
    page.evaluate("tracker.track('last')")
    assert len(the(web, shop, "last")) == len(the(web, shop, "far-seen")) == len(the(web, shop, "image-viewed")) == 1


@pytest.mark.case("every trigger")
def test_what_a_visitor_does_with_the_mouse_is_told_with_the_element_s_properties(
    web: Web, page: Page, shop: str
) -> None:
    page.hover("#teapot")
    assert the(web, shop, "hovered") == [{"campaign": "spring", **IMAGE}]
    page.dblclick("#teapot")
    assert the(web, shop, "double-clicked") == [IMAGE]
    assert the(web, shop, "clicked", 2) == [IMAGE, IMAGE]
    assert the(web, shop, "clicked-once") == [IMAGE]
    page.mouse.move(300, 20)
    page.dispatch_event("body", "mouseout", {"clientY": -1, "relatedTarget": None, "bubbles": True})
    assert the(web, shop, "going") == [{}]


@pytest.mark.case("every trigger")
def test_selected_and_copied_text_is_told_but_not_where_the_page_wants_silence(web: Web, page: Page, shop: str) -> None:
    page.click("#ignored", click_count=3)
    page.click("[data-tracardi-tag=quote]", click_count=3)
    (selected,) = the(web, shop, "text-selected")
    assert selected["text"].strip() == "Nothing matches exactly, everything goes together."
    page.keyboard.press("Control+c")
    assert the(web, shop, "copied") == [{}]
    page.click("#ignored", click_count=3)
    page.keyboard.press("Control+c")
    page.click("[data-tracardi-tag=quote]", click_count=3)
    assert len(the(web, shop, "text-selected", 2)) == 2
    assert len(the(web, shop, "copied")) == 1


@pytest.mark.case("every trigger")
def test_what_is_typed_into_a_form_is_never_told(web: Web, page: Page, shop: str) -> None:
    page.click("[data-tracardi-tag=amount]")
    page.fill("[data-tracardi-tag=amount]", "my own number")
    page.keyboard.press("Control+a")
    page.click("form button")
    assert the(web, shop, "focused") == [{"label": "How many"}]
    assert the(web, shop, "changed") == [{"label": "How many"}]
    assert the(web, shop, "submitted") == [{}]
    page.evaluate("tracker.track('last')")
    web.events(shop, "last")
    stored = repr(web.rows(shop))
    assert "my own number" not in stored
    assert "not to be told" not in stored


@pytest.mark.case("every trigger")
def test_media_links_and_errors_are_told(web: Web, page: Page, shop: str) -> None:
    page.click("#play")
    (played,), (ended,) = the(web, shop, "played"), the(web, shop, "ended")
    assert played == ended
    assert (played["label"], played["url"][:5]) == ("A short silence", "blob:")
    with page.context.expect_page():
        page.click("#outbound")
    assert the(web, shop, "went-out") == [{"url": "http://wiki.test/article"}]
    with page.expect_download():
        page.click("#download")
    assert the(web, shop, "downloaded") == [{"url": f"{SHOP}icon.svg"}]
    page.click("#break")
    page.click("#reject")
    thrown, rejected = the(web, shop, "broke", 2)
    assert thrown["message"] == "Uncaught Error: A thing went wrong"
    lines = web.pages.sites["shop.test"].content("/").decode().splitlines()
    assert (thrown["source"], 'id="break"' in lines[thrown["line"] - 1]) == (SHOP, True)
    assert rejected == {"message": "A promise went wrong"}


@pytest.mark.case("every trigger")
def test_time_on_the_page_and_leaving_it_are_told(web: Web, page: Page, shop: str) -> None:
    assert the(web, shop, "stayed") == [{"seconds": 1}]
    page.goto("http://wiki.test/")
    (left,) = the(web, shop, "left")
    assert left["seconds"] >= 1
