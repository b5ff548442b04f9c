"""Large bodies take turns."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tracker.core.refusal import Unavailable
from tracker.ingest.lane import LARGE, MANY, Lane, is_heavy


def test_what_takes_long_is_told_from_the_bytes() -> None:
    click = {"source": {"id": "shop"}, "session": {"id": "s"}, "context": {"page": {"url": "x"}}}
    assert not is_heavy(json.dumps(click | {"events": [{"type": "page-view"}]}).encode())
    assert not is_heavy(b" " * LARGE)
    assert is_heavy(b" " * (LARGE + 1))
    assert is_heavy(json.dumps({"events": [{"type": "a"}] * MANY}).encode())
    assert is_heavy(json.dumps({"events": [{"\u0074ype": "a"}] * MANY}).encode())


def test_one_at_a_time_is_at_it() -> None:
    lane, inside, most = Lane(), [], []

    def work(number: int) -> None:
        with lane.turn():
            inside.append(number)
            most.append(len(inside))
            threading.Event().wait(0.001)
            inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert most == [1] * 40


def test_who_comes_when_too_many_wait_is_sent_away_at_once() -> None:
    lane, entered, done = Lane(most_waiting=1), threading.Event(), threading.Event()

    def first() -> None:
        with lane.turn():
            entered.set()
            done.wait(10)

    def second() -> None:
        with lane.turn():
            pass

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(first)]
        assert entered.wait(10)
        running.append(pool.submit(second))
        while lane._waiting == 0:
            threading.Event().wait(0.001)
        with pytest.raises(Unavailable), lane.turn():
            raise AssertionError
        done.set()
        for one in running:
            one.result()
    with lane.turn():
        pass


def test_who_has_waited_too_long_is_sent_away_and_takes_no_turn() -> None:
    lane = Lane(patience=0.01)
    with lane.turn(), pytest.raises(Unavailable), lane.turn():
        raise AssertionError
    with lane.turn():
        pass


def test_a_failure_gives_the_turn_back() -> None:
    lane = Lane(patience=0.01)
    with pytest.raises(ValueError, match="broken"), lane.turn():
        raise ValueError("broken")
    with lane.turn():
        pass
