"""The specification: every address of the API is in it, and it is made only when somebody asks."""

import subprocess
import sys

import pytest
from flask import Flask

from app import API

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def test_the_specification_has_every_operation_and_what_browsers_and_backends_call(app: Flask, client) -> None:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    said = answer.get_json()
    names = {blueprint.name for blueprint in API} - {"openapi"}
    served = {
        (rule.rule.replace("<path:", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.partition(".")[0] in names
    }
    written = {(path, method) for path, operations in said["paths"].items() for method in operations}
    collecting = {("/track", "post"), ("/pass", "post")} | {
        (path, "get") for path in ("/tracker", "/healthz", "/readyz")
    }
    assert written == served | collecting
    ids = [
        operation["operationId"]
        for path in said["paths"].values()
        for operation in path.values()
        if "operationId" in operation
    ]
    assert len(ids) == len(set(ids))
    assert client.get("/openapi.json").data == answer.data


def test_a_start_does_not_wait_for_what_writes_the_specification(backend: str) -> None:
    asked = "import sys, app; sys.exit(bool({'apispec', 'argon2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_the_explorer_is_for_who_is_logged_in_and_its_files_carry_their_licence(console, stranger, client) -> None:
    assert stranger.get("/docs").location.startswith("/login")
    text = console.get("/docs").text
    assert "swagger-ui-bundle.js" in text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"):
        with client.get(f"/console-assets/vendor/swagger-ui-5.35.0/{name}") as answer:
            assert answer.status_code == 200
    assert client.get("/console-assets/vendor/../../app.py").status_code == 404


def test_the_specification_says_what_only_owners_may_call_as_the_server_does(
    app: Flask, client, tool_of, make_user
) -> None:
    make_user("ben", "viewer")
    viewer, paths = tool_of("ben"), client.get("/openapi.json").get_json()["paths"]
    owners = {(path, method) for path, found in paths.items() for method in found if found[method].get("x-owners-only")}
    assert ("/api/sources", "post") in owners
    assert not any(method == "get" for _, method in owners)
    for path, operations in paths.items():
        for method in operations.keys() & {"post", "put", "delete", "patch"}:
            if path in ("/track", "/pass", "/user/token", "/user/logout"):
                assert (path, method) not in owners
            else:
                refused = viewer(method.upper(), path.replace("{", "").replace("}", ""), {}).status_code == 403
                assert refused == ((path, method) in owners), (path, method)
