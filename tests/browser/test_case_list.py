"""The list of cases: each is proved by a test here, each page is used, and no test stands outside the list."""

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CASES = """
first visit and second visit
two domains, no profile there yet
two domains, both have one
reload, back
double click
middle click, target=_blank, keyboard, ctrl-click
fragment and existing query
look-alike host
link added later, inside a shadow root, SVG a
GET and POST form, formaction, form.submit()
window.open
location.href = (Navigation API)
decorate()
copied link in a second browser context
expired pass
href put back after a click
link parameters are gone before other scripts run
no link parameter in what is stored or asked for
passSession keeps one visit
data-tracardi-no-link
debug reasons
server down, then up
tab closed with events queued, visitor back later
two tabs in an outage, one killed, both reopened
two tabs opened at once on a first visit
track, then navigate / close / reload
storage forbidden
cookies forbidden
CSP with nonce, Trusted Types
DNT, GPC
consent given later, withdrawn
SPA navigation
back/forward cache
every trigger
5 000 links
hostile options
a page with the original globals (options, onTracardiReady, listeners)
liliput loader contract
what a link had before is there again to the byte
a link to a word of the page
links to files, signed addresses
a page in another encoding
options of the page
prototypes, globals and fetch of the page
the script is blocked
the page cleans its address
""".strip().splitlines()


CONSOLE = ("test_console.py", "test_builder.py", "test_watching.py", "test_whole_path.py")


def proofs() -> Iterator[tuple[str, str | None]]:
    """Yield each test of this package with the case that it names; the console's are not about the tracker."""
    for file in sorted({*HERE.glob("test_*.py")} - {HERE / name for name in CONSOLE}):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and file != Path(__file__):
                named = [
                    str(ast.literal_eval(mark.args[0]))
                    for mark in node.decorator_list
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.case"
                ]
                yield f"{file.name}::{node.name}", named[0] if len(named) == 1 else None


def test_the_tests_prove_the_cases_of_the_list_and_no_others() -> None:
    assert len(set(CASES)) == len(CASES)
    assert {case for _, case in proofs()} == set(CASES)


def test_every_page_is_opened_by_a_test_or_by_another_page() -> None:
    sources = {file: file.read_text(encoding="utf-8") for file in (*HERE.glob("test_*.py"), *HERE.glob("*.py"))}
    pages = {file: file.read_text(encoding="utf-8") for file in HERE.glob("pages/*")}
    for page in pages:
        texts = [text for file, text in (sources | pages).items() if file != page]
        assert any(page.name in text for text in texts), page.name


def test_every_page_stands_by_itself() -> None:
    for file in HERE.glob("pages/*.html"):
        text = file.read_text(encoding="utf-8")
        assert text.startswith('<!doctype html>\n<html lang="en">'), file.name
        assert "<title>" in text, file.name
        assert 'src="//' not in text, file.name
