"""The builder in a browser: checked and shown as it is typed, and nothing typed is lost."""

import pytest
from playwright.sync_api import Page, expect

from browser.entering import HOME, log_in
from browser.web import Web
from tracker.store import sources


def test_a_source_is_built_as_it_is_typed_and_a_reload_loses_nothing(console: Web, page: Page) -> None:
    complaints: list[str] = []
    page.add_init_script("addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective))")
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    log_in(console, page)
    page.goto(f"{HOME}/sources/new")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Built")
    page.get_by_label("Form of the snippet").select_option("inline")
    page.get_by_role("button", name="Add an event").press("Enter")
    # The new row has the focus, so that the keyboard alone is enough.
    expect(page.locator("#event-1-type")).to_be_focused()
    page.keyboard.type("Shelf Seen")
    page.keyboard.press("Tab")
    page.keyboard.type('{"shelf": ')
    expect(page.locator("#event-1-properties-about")).to_contain_text("This is not JSON")
    expect(page.locator("#event-1-properties")).to_have_attribute("aria-invalid", "true")
    page.keyboard.type('"upper"}')
    expect(page.locator("#event-1-properties-about")).to_be_empty()
    expect(page.locator("#event-1-properties")).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#snippet")).to_contain_text('"shelf":"upper"')
    page.reload()
    page.get_by_text("This is what you had typed").wait_for()
    expect(page.locator("#event-1-type")).to_have_value("Shelf Seen")
    expect(page.locator("#snippet")).to_contain_text('"shelf":"upper"')
    page.get_by_role("button", name="Remove event 1").click()
    expect(page.locator("#event-0-type")).to_have_value("Shelf Seen")
    page.get_by_role("button", name="Make the source").first.click()
    page.get_by_role("heading", name="Built").wait_for()
    [made] = [source for source in sources.all_sources(console.engine) if source.name == "Built"]
    assert made.auto["events"] == [["Shelf Seen", {"shelf": "upper"}]]
    page.goto(f"{HOME}/sources/new")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert complaints == []


def test_what_is_said_of_privacy_is_typed_and_seen_in_the_snippet_by_the_keyboard_alone(
    console: Web, page: Page
) -> None:
    log_in(console, page)
    page.goto(f"{HOME}/sources/new")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Careful")
    page.get_by_label("Form of the snippet").select_option("inline")
    name = page.get_by_label("Its name")
    expect(name).to_be_hidden()
    page.get_by_label("Consent that is needed").focus()
    page.keyboard.type("The one")
    expect(name).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("ads")
    expect(page.locator("#snippet")).to_contain_text('"requireConsent":"ads"')
    page.keyboard.press("Tab")
    page.keyboard.type("Not honoured")
    expect(page.locator("#snippet")).to_contain_text('"respectGPC":false')
    page.keyboard.press("Tab")
    days = page.get_by_label("Days to keep what it sends")
    expect(days).to_be_focused()
    page.keyboard.type("0")
    expect(page.locator("#retentionDays-about")).to_contain_text("a whole number of days")
    expect(days).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Backspace")
    page.keyboard.type("30")
    expect(page.locator("#retentionDays-about")).to_contain_text("What is older is forgotten.")
    page.reload()
    page.get_by_text("This is what you had typed").wait_for()
    expect(name).to_have_value("ads")
    page.get_by_role("button", name="Make the source").first.press("Enter")
    page.get_by_text("30 days").wait_for()
    [made] = [source for source in sources.all_sources(console.engine) if source.name == "Careful"]
    assert made.settings == {"requireConsent": "ads", "respectGPC": False, "retentionDays": 30}


@pytest.mark.parametrize(("width", "height", "form"), [(1280, 900, "stub"), (1280, 900, "gtm"), (390, 700, "inline")])
def test_the_snippet_is_shown_to_its_last_line(width, height, form, console: Web, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": height})
    log_in(console, page)
    page.goto(f"{HOME}/sources/new")
    page.get_by_label("Form of the snippet").select_option(form)
    expect(page.locator("#snippet")).to_contain_text("onTracardiReady" if form == "inline" else "tracker")
    page.wait_for_function("(box => box.scrollHeight <= box.clientHeight)(document.getElementById('snippet'))")


def test_in_a_low_window_the_button_that_copies_the_snippet_stays_in_sight(console: Web, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 600})
    log_in(console, page)
    page.goto(f"{HOME}/sources/new")
    page.get_by_label("Others").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Copy")).to_be_in_viewport()


FOR_PAGES = ("Origins that may send", "Properties", "Domains that links carry", "Hand-overs", "Global Privacy Control")


def test_a_backend_is_asked_for_what_matters_to_it_and_nothing_is_lost_on_the_way(console: Web, page: Page) -> None:
    log_in(console, page)
    page.goto(f"{HOME}/sources/new")
    page.get_by_label("Name", exact=True).fill("Both")
    typed = {"Origins that may send": "https://a.test", "Properties": '{"a": 1}', "Domains that links carry": "b.test"}
    for label, text in typed.items():
        page.get_by_label(label).fill(text)
    kind = page.get_by_label("Who sends")
    kind.select_option("server")
    expect(page.get_by_role("heading", name="How it is reached")).to_be_visible()
    for label in (*FOR_PAGES, "Record downloads", "Leave alone visitors"):
        expect(page.get_by_label(label)).to_be_hidden()
    for label in ("Who a visitor says", "Consent that is needed", "Days to keep", "Others"):
        expect(page.get_by_label(label)).to_be_visible()
    kind.select_option("browser")
    for label, text in typed.items():
        expect(page.get_by_label(label)).to_have_value(text)
    # What is wrong would keep the source from being made, so it stays in sight until it is mended.
    page.get_by_label("Origins that may send").fill("nowhere")
    expect(page.locator("#origins-about")).to_contain_text("is not an origin")
    kind.select_option("server")
    expect(page.get_by_label("Hand-overs")).to_be_hidden()
    page.get_by_label("Origins that may send").fill("https://a.test")
    expect(page.get_by_label("Origins that may send")).to_be_hidden()
    page.get_by_role("button", name="Make the source").first.click()
    page.get_by_text("The secret, shown this once.").wait_for()
    [made] = [source for source in sources.all_sources(console.engine) if source.name == "Both"]
    assert (made.kind, made.origins, made.links) == ("server", ("https://a.test",), ("b.test",))
    assert made.auto["events"] == [["page-view", {"a": 1}]]
    page.get_by_role("link", name="Edit").click()
    for label in FOR_PAGES:
        expect(page.get_by_label(label)).to_be_hidden()
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("heading", name="How the backend sends").wait_for()
    assert made in sources.all_sources(console.engine)


def test_a_name_that_is_cleared_is_asked_for_as_it_is_cleared_and_one_that_waits_is_not(
    console: Web, page: Page
) -> None:
    log_in(console, page)
    page.goto(f"{HOME}/sources/new")
    page.get_by_label("Consent that is needed").select_option("named")
    expect(page.get_by_text("2 fields are still to be filled in.")).to_be_visible()
    name, about = page.get_by_label("Its name"), page.locator("#consentName-about")
    expect(about).to_contain_text("As it is given")
    name.fill("ads")
    expect(page.get_by_text("1 field is still to be filled in.")).to_be_visible()
    name.fill("")
    expect(about).to_have_text("Name the consent that is needed, such as analytics.")
    expect(name).to_have_attribute("aria-invalid", "true")
    # It stays wrong when the form is made anew around it.
    page.get_by_role("button", name="Add an event").click()
    expect(page.locator("#event-1-type")).to_be_focused()
    page.get_by_label("Name", exact=True).fill("Shop")
    expect(page.get_by_text("Not in it: what is wrong at 1 field.")).to_be_visible()
    expect(about).to_have_text("Name the consent that is needed, such as analytics.")
    # An id may be left empty.
    page.get_by_label("Id", exact=True).fill("")
    expect(page.locator("#snippet")).to_contain_text("SOURCE_ID")
    expect(page.locator("#id-about")).to_have_text("It never changes later.")
    name.fill("ads")
    page.get_by_role("button", name="Make the source").first.click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Its name").fill("")
    expect(about).to_have_text("Name the consent that is needed, such as analytics.")
