"""Rules of this house that no linter knows, looked for in the syntax tree of every file of the package.

A rule is a function that yields the lines on which a module breaks it; ``RULES`` says where each holds. Run by
``make check`` and by tests/threats/test_house_rules.py, which also shows each rule something it must find.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Rule = Callable[[ast.Module], Iterator[int]]
_LOUD = frozenset({"print", "input", "breakpoint", "eval", "exec", "compile", "__import__"})
_TRUSTING = frozenset({"Markup", "safe"})


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with the last part of the name it is made by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            yield name, node


def built_sql(tree: ast.Module) -> Iterator[int]:
    """Yield calls that send SQL put together at that place; values are parameters."""
    for name, call in _calls(tree):
        # Somebody's method may be called text too.
        sends = name == "exec_driver_sql" or (name == "text" and isinstance(call.func, ast.Name))
        if sends and call.args and isinstance(call.args[0], (ast.JoinedStr, ast.BinOp)):
            yield call.lineno


def said_aloud(tree: ast.Module) -> Iterator[int]:
    """Yield prints, which get into the log as lines that are no JSON, and what runs text as code."""
    for name, call in _calls(tree):
        if name in _LOUD and isinstance(call.func, ast.Name):
            yield call.lineno


def told_to_clients(tree: ast.Module) -> Iterator[int]:
    """Yield answers made of an exception's own text, which may hold anything."""
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name):
        for name, call in _calls(ast.Module([*handler.body], [])):
            shown = (ast.unparse(argument) for argument in call.args)
            if (
                name in ("Unavailable", "Refusal", "TooMany", "OverQuota", "DiskLow", "json_answer")
                and f"str({handler.name})" in shown
            ):
                yield call.lineno


def trusted_markup(tree: ast.Module) -> Iterator[int]:
    """Yield text that is declared to be markup where pages are made."""
    for name, call in _calls(tree):
        if name in _TRUSTING:
            yield call.lineno


def own_clock(tree: ast.Module) -> Iterator[int]:
    """Yield places that ask what time it is instead of being told."""
    for _, call in _calls(tree):
        asked = ast.unparse(call.func)
        if asked in ("time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.datetime.now"):
            yield call.lineno


def unequal_secrets(tree: ast.Module) -> Iterator[int]:
    """Yield secrets compared by ``==``, which takes the longer the more of one is right."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            names = {part for side in (node.left, *node.comparators) for part in ast.unparse(side).split(".")}
            if names & {"secret", "secret_hash", "token", "csrf", "signature", "password"}:
                yield node.lineno


RULES: dict[Rule, tuple[str, tuple[str, ...]]] = {
    # rule: the folder it holds for, and the files in which a person has looked at it
    built_sql: ("tracker", ("store/months.py", "store/migrations.py", "store/copying.py", "store/counts.py")),
    said_aloud: ("tracker", ()),
    told_to_clients: ("tracker/web", ()),
    trusted_markup: ("tracker/web", ()),
    own_clock: ("tracker", ("ingest/fresh.py", "web/log.py", "cli/backups.py")),
    unequal_secrets: ("tracker", ()),
}


def findings() -> Iterator[str]:
    """Yield ``file:line rule`` for everything in the package that breaks a rule."""
    for rule, (folder, looked_at) in RULES.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            if str(file.relative_to(ROOT / "tracker")) not in looked_at:
                for line in rule(ast.parse(file.read_text())):
                    yield f"{file.relative_to(ROOT)}:{line} {rule.__name__}"


if __name__ == "__main__":
    found = "\n".join(findings())
    raise SystemExit(found or 0)
