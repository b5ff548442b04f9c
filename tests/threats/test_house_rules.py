"""The rules of this house hold, and each of them finds what it is there for."""

import ast

import house_rules
import pytest
from house_rules import Rule, findings

BAD: list[tuple[Rule, str]] = [
    (house_rules.built_sql, 'conn.execute(text(f"SELECT {name}"))'),
    (house_rules.built_sql, 'conn.exec_driver_sql("SELECT " + name)'),
    (house_rules.said_aloud, "print(body)"),
    (house_rules.said_aloud, "eval(body)"),
    (house_rules.told_to_clients, "try:\n    f()\nexcept OSError as e:\n    raise Unavailable(str(e))"),
    (house_rules.trusted_markup, "page(name=Markup(name))"),
    (house_rules.own_clock, "now = time.time()"),
    (house_rules.own_clock, "now = datetime.now(UTC)"),
    (house_rules.unequal_secrets, "ok = given == source.secret_hash"),
    (house_rules.unequal_secrets, "if token != kept: pass"),
]
GOOD: list[tuple[Rule, str]] = [
    (house_rules.built_sql, 'conn.execute(text("SELECT :name"), {"name": name}); reader.text(f"{name}_FILE", "")'),
    (house_rules.said_aloud, "house.print(body); click.echo(body)"),
    (house_rules.told_to_clients, 'try:\n    f()\nexcept OSError as e:\n    raise Unavailable("away") from e'),
    (house_rules.trusted_markup, "page(name=name)"),
    (house_rules.own_clock, "now = clock()"),
    (house_rules.unequal_secrets, "ok = hmac.compare_digest(given, source.secret_hash)"),
]


def test_nothing_in_the_package_breaks_a_rule() -> None:
    assert list(findings()) == []


def test_each_rule_is_shown_something_to_find_and_something_to_let_be() -> None:
    assert {rule for rule, _ in BAD} == {rule for rule, _ in GOOD} == set(house_rules.RULES)


@pytest.mark.parametrize(("rule", "source"), BAD, ids=lambda value: getattr(value, "__name__", None))
def test_a_rule_finds_what_it_is_there_for(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source)))


@pytest.mark.parametrize(("rule", "source"), GOOD, ids=lambda value: getattr(value, "__name__", None))
def test_a_rule_lets_be_what_is_right(rule: Rule, source: str) -> None:
    assert not list(rule(ast.parse(source)))
