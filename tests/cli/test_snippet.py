"""``tracker snippet``: the forms in which the tracker gets into a page."""

import pytest

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SCRIPT = "https://collect.example/tracker?source_id=shop"
STUB = "__tr_"

pytestmark = ONE_DATABASE


@pytest.fixture(autouse=True)
def shop(backend, tracker) -> None:
    """The source whose snippets are printed."""
    tracker("source", "create", "--name", "Shop", "--id", "shop")


@pytest.mark.parametrize(
    ("form", "loads", "with_stub"),
    [
        ("stub", f'<script async="" src="{SCRIPT}"></script>', True),
        ("line", f'<script async="" src="{SCRIPT}"></script>', False),
        ("inline", '<script async="" src="https://collect.example/tracker/liliput.min.js"></script>', True),
        ("gtm", f's.src = "{SCRIPT}";', True),
        ("esm", f'import "{SCRIPT}";', True),
    ],
)
def test_each_form_loads_the_script_in_its_own_way(form: str, loads: str, with_stub: bool, tracker) -> None:
    said = tracker("snippet", "shop", "--form", form)
    assert (said.code, said.err) == (0, "")
    assert loads in said.out
    assert (STUB in said.out) == with_stub


def test_the_usual_form_is_the_stub_and_inline_is_a_form_of_its_own(tracker) -> None:
    assert tracker("snippet", "shop").out == tracker("snippet", "shop", "--form", "stub").out
    assert tracker("snippet", "shop", "--inline").out == tracker("snippet", "shop", "--form", "inline").out


@pytest.mark.parametrize("form", ["stub", "line", "inline", "esm"])
def test_a_nonce_is_on_every_tag_also_one_that_a_template_fills_in(form: str, tracker) -> None:
    said = tracker("snippet", "shop", "--form", form, "--nonce", "{{ csp_nonce }}")
    assert said.out.count("<script") == said.out.count('nonce="{{ csp_nonce }}"') > 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--form", "gtm", "--nonce", "x"), "leave out --nonce"),
        (("--inline", "--form", "line"), "choose one"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words: tuple[str, ...], complaint: str, tracker) -> None:
    said = tracker("snippet", "shop", *words)
    assert (said.code, said.out) == (1, "")
    assert complaint in said.err
