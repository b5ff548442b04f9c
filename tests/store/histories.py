"""What visitors of two sites do, made up by chance, and what the counts say of it."""

import random

from sqlalchemy import Engine, select

from tracker.core.model import Event, LinkPass, Options, Referral
from tracker.core.steps import MergeProfiles
from tracker.core.visit_names import Agent
from tracker.store.applying import apply
from tracker.store.engine import transaction
from tracker.store.tables import Base, ReportNameRow

PAGES = [{"page": {"url": f"https://shop.example/{number}?secret=1"}} for number in range(5)]


def describe(header: str) -> Agent:
    return Agent("bot" in header, "Firefox", "Linux")


def rows(engine: Engine, *tables: type[Base]) -> dict[str, list[tuple]]:
    with engine.begin() as conn:
        return {
            table.__tablename__: sorted(tuple(row) for row in conn.execute(select(table.__table__))) for table in tables
        }


def from_shop_to_blog(profile: str) -> Referral:
    return Referral(profile, "shop", LinkPass(), "shop.example", "blog.example")


def history(record, clock, engine, fold, seed: int) -> list[str]:
    """Record what visitors of two sites do in nine days, and return their profiles."""
    chance = random.Random(seed)
    visitors: list[str] = []
    for number in range(120):
        clock.forward(chance.choice((0, 60, 3_600, 30_000)))
        source = chance.choice(("shop", "blog"))
        events = tuple(
            Event(
                chance.choice(("page-view", "add-to-cart")),
                f"e{number if chance.random() > 0.1 else number - 1}-{place}",
                context=chance.choice((*PAGES, {})),
                options=Options(save_profile=chance.random() > 0.1),
            )
            for place in range(chance.randrange(1, 4))
        )
        known = chance.choice(visitors) if visitors and chance.random() > 0.4 else None
        referral = None
        if visitors and source == "blog" and chance.random() > 0.6:
            referral = from_shop_to_blog(chance.choice(visitors))
        device = {"user_agent": chance.choice(("a bot", "Mozilla/5.0 (iPhone)", "Mozilla/5.0"))}
        done = record(
            events=events,
            source=source,
            session=f"s{known or number}",
            profile=known,
            context=chance.choice((*PAGES, {})) | {"utm": {"campaign": "spring"}},
            device=device,
            referral=referral,
        )
        if number % 7 == 0:
            fold()
        if done.profile_id and done.profile_id not in visitors:
            visitors.append(done.profile_id)
    loser, survivor = record("m1", session="m1").profile_id, record("m2", session="m2").profile_id
    step = MergeProfiles("merge-x", loser, survivor, "referral", clock(), {})
    transaction(engine, lambda conn: apply(conn, [step]))
    return visitors


def sums(engine: Engine) -> dict[tuple, int]:
    found: dict[tuple, int] = {}
    for scope, what, day, _, times, _ in rows(engine, ReportNameRow)["report_name"]:
        if what != "page":
            found[scope, what, day] = found.get((scope, what, day), 0) + times
    return found
