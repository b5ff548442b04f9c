"""What a trace of Chromium's says about one tracker: its own time, the tasks it made long, the layouts it forced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

CATEGORIES = ("devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel")
EVALUATIONS = {"EvaluateScript", "v8.compile", "v8.evaluateModule", "v8.compileModule"}
# The page itself makes no promises, so a turn of the microtasks that takes any time is the tracker's.
MICROTASKS, SHORT_US = "BlinkScheduler_PerformMicrotaskCheckpoint", 100
LAYOUTS = {"Layout", "UpdateLayoutTree"}
LOADING = {"readystatechange", "DOMContentLoaded", "load", "pageshow"}
CLICK = {"pointerdown", "mousedown", "focusin", "pointerup", "mouseup", "click"}
LONG_US, AFTER_LOAD_US = 50_000, 1_500_000

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a tracker did until a second and a half after the load; milliseconds are CPU time of the main thread."""

    start_ms: float
    after_ms: float
    long_tasks: int
    layouts: int


def timeline(trace: Sequence[Event], page_script: str) -> list[Event]:
    """Return the events of the main thread that runs the page, in order."""
    events = [event for event in trace if (event["ph"] == "X" and "dur" in event) or event["name"] == "MarkLoad"]
    threads = {(e["pid"], e["tid"]) for e in events if e["name"] == "FunctionCall" and script_of(e) == page_script}
    return sorted((e for e in events if (e["pid"], e["tid"]) in threads), key=lambda e: (e["ts"], -e.get("dur", 0)))


def visit(events: Sequence[Event], page_script: str) -> Visit:
    """Return what all scripts but the page's own did."""
    end = next(event["ts"] for event in events if event["name"] == "MarkLoad") + AFTER_LOAD_US
    events = [event for event in events if "dur" in event and event["ts"] < end]
    mine = outermost(event for event in events if is_tracker(event, page_script))
    starting = beginnings(events, mine)
    started = [run for run in mine if any(inside(run, beginning) for beginning in starting)]
    tasks = [event for event in events if event["name"] == "RunTask" and cpu(event) > LONG_US]
    # A task is long through the tracker where it would not have been without it.
    long_tasks = sum(cpu(task) - sum(cpu(run) for run in mine if inside(run, task)) <= LONG_US for task in tasks)
    layouts = sum(event["name"] in LAYOUTS and any(inside(event, run) for run in mine) for event in events)
    own_us, start_us = (sum(cpu(run) for run in runs) for runs in (mine, started))
    return Visit(start_us / 1000, (own_us - start_us) / 1000, long_tasks, layouts)


def beginnings(events: Sequence[Event], mine: Sequence[Event]) -> list[Event]:
    """Return the spans in which a tracker starts: tasks that evaluate a script of its, and the page's loading events.

    A script's ``onload`` and the promises that its evaluation has settled run in the task that evaluates it.
    """
    evaluations = [run for run in mine if run["name"] in EVALUATIONS]
    tasks = outermost(event for event in events if event["name"] == "RunTask")
    loading = (e for e in events if e["name"] == "EventDispatch" and e["args"]["data"]["type"] in LOADING)
    return [task for task in tasks if any(inside(run, task) for run in evaluations)] + [*loading]


def clicks(events: Sequence[Event]) -> list[float]:
    """Return the milliseconds that the listeners of each click took, from where the one before it ended."""
    dispatched = outermost(
        event for event in events if event["name"] == "EventDispatch" and event["args"]["data"]["type"] in CLICK
    )
    spent, found = 0.0, []
    for event in dispatched:
        spent += cpu(event)
        if event["args"]["data"]["type"] == "click":
            found.append(spent / 1000)
            spent = 0.0
    return found


def outermost(events: Iterable[Event]) -> list[Event]:
    """Return the events that lie in none of the others, so that no time is counted twice."""
    found: list[Event] = []
    for event in events:
        if not found or not inside(event, found[-1]):
            found.append(event)
    return found


def inside(event: Event, other: Event) -> bool:
    """True where one event took place while the other did."""
    return bool(other["ts"] <= event["ts"] and event["ts"] + event["dur"] <= other["ts"] + other["dur"])


def cpu(event: Event) -> float:
    """Return the microseconds that the thread really worked; a busy machine stretches the time on the wall."""
    return float(event["tdur"] if "tdur" in event else event["dur"])


def is_tracker(event: Event, page_script: str) -> bool:
    """True for a run of any script but the page's own: the tracker's files, and what stands in the page for it."""
    if event["name"] == MICROTASKS:
        return cpu(event) > SHORT_US
    return event["name"] in EVALUATIONS | {"FunctionCall"} and script_of(event) not in ("", page_script)


def script_of(event: Event) -> str:
    """Return the URL of the script that an event ran, empty where it has none."""
    return str((event["args"].get("data") or {}).get("url") or event["args"].get("fileName") or "")
