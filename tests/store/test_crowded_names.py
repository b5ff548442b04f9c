"""Names that are counted on a day: those that are counted often are kept, whatever came first."""

import pytest
from sqlalchemy import func, select

from tracker.store import counts
from tracker.store.engine import transaction
from tracker.store.tables import ReportNameRow

DAY = 20_000


@pytest.fixture
def add(engine):
    def go(**names: int) -> None:
        found = {("shop", "page", DAY, name): times for name, times in names.items()}
        transaction(engine, lambda conn: counts.write_names(conn, found))

    return go


@pytest.fixture
def counted(engine):
    def go() -> dict[str, int]:
        with engine.connect() as conn:
            rows = conn.execute(select(ReportNameRow.name, ReportNameRow.times))
            return {row.name: row.times for row in rows}

    return go


def test_pages_that_somebody_invents_do_not_make_the_real_ones_others(add, counted) -> None:
    for start in (0, 100):
        add(**{f"invented-{number}": 3 for number in range(start, start + 100)})
    for _ in range(200):
        add(home=1)
        add(shop=1, basket=1)
    found = counted()
    assert all(found[name] >= 195 for name in ("home", "shop", "basket"))
    assert len(found) == counts.MOST_NAMES + 1
    assert sum(found.values()) == 600 + 600, "no view is lost, and none is counted twice"


def test_a_name_that_is_counted_often_stays_while_others_are_invented(add, counted) -> None:
    for number in range(600):
        add(home=1, **{f"invented-{number}-{n}": 1 for n in range(5)})
    found = counted()
    assert found["home"] > 550
    assert sum(found.values()) == 3_600
    assert len(found) == counts.MOST_NAMES + 1


def test_so_many_new_names_at_once_as_there_is_no_room_for_are_others(add, counted, engine) -> None:
    add(**{f"p{number}": 1 + number // 200 for number in range(400)})
    found = counted()
    assert (len(found), found[""]) == (counts.MOST_NAMES + 1, 600 - 300)
    with engine.connect() as conn:
        assert conn.scalar(select(func.sum(ReportNameRow.credit))) == 0
