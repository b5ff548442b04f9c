"""``tracker event export`` and ``tracker event import``: what goes out comes in again, once, at its own time."""

import csv
import errno
import fcntl
import io
import json
from typing import Any

import pytest

from tracker.core.model import Event
from tracker.ingest import importing
from tracker.store import reports
from tracker.store.engine import transaction

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
LINE = {"id": "e1", "type": "Page View", "source": "shop", "session": "s1", "time": "2015-03-01 12:00:00"}


@pytest.fixture
def bring_in(tracker, tmp_path):
    """Write lines, rows or text to a file and import it; returns what was said and what was set aside."""

    def go(*lines: Any, name: str = "events.jsonl", options: tuple[str, ...] = ()) -> tuple[Any, list[dict[str, Any]]]:
        file = tmp_path / name
        if lines:
            file.write_bytes(
                b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
            )
        said = tracker("event", "import", str(file), *options)
        aside = importing.beside(file, "rejected.jsonl")
        return said, [json.loads(line) for line in aside.read_text().splitlines()] if aside.exists() else []

    return go


def test_what_was_exported_comes_in_elsewhere_as_it_was(
    tracker, make_source, record, clock, postgres, backend, tmp_path
) -> None:
    make_source("shop")
    record("e1", "e2", session="s1", profile="6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    clock.forward(3600)
    record("=e3", session="s1")
    record("e4", session="s2", profile="profile-1")
    original = tracker("event", "list", "--json").out
    person = tracker("profile", "show", "profile-1", "--json").object
    for name in ("all.jsonl", "all.csv"):
        assert tracker("event", "export", str(tmp_path / name)).code == 0
        empty = postgres.fresh()
        on_postgresql = backend == "postgresql"
        there = {"DATABASE_URL": postgres.url_of(empty) if on_postgresql else f"sqlite:///{tmp_path / empty}"}
        assert tracker("db", "upgrade", **there).code == 0
        assert tracker("source", "create", "--id", "shop", "--name", "Shop", **there).code == 0
        for fate in ("4 stored", "4 known already"):
            said = tracker("event", "import", str(tmp_path / name), **there)
            assert (said.code, f"4 lines: {fate};" in said.out) == (0, True), said
        assert sorted(tracker("event", "list", "--json", **there).out.splitlines()) == sorted(original.splitlines())
        again = tracker("profile", "show", "profile-1", "--json", **there).object
        assert {name: again[name] for name in ("visits", "sessions", "events", "created", "updated")} == {
            name: person[name] for name in ("visits", "sessions", "events", "created", "updated")
        }
        checked = tracker("db", "check", **there)
        # What an import finds to be there is said by it and is no repeat of a browser.
        assert (checked.code, "repeats so far: 0 events came again to /track" in checked.out) == (0, True)
        postgres.run(f"DROP DATABASE {empty} WITH (FORCE)")


@ON_SQLITE
@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_no_cell_of_a_table_is_a_formula_for_a_spreadsheet(sign, tracker, make_source, record, tmp_path) -> None:
    make_source(f"{sign}source")
    record(f"{sign}1+1", session=f"{sign}s", source=f"{sign}source")
    assert tracker("event", "export", str(tmp_path / "all.csv")).code == 0
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8-sig") as file:
        _, row = csv.reader(file)
    assert f"'{sign}1+1" in row
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_old_events_make_a_known_visitor_older_and_never_younger(bring_in, make_source, record, tracker) -> None:
    make_source("shop")
    record("e0", session="s1")
    said, aside = bring_in(LINE, LINE | {"id": "e2", "time": {"insert": "2014-12-31T00:00:00Z"}})
    assert (said.code, aside) == (0, []), said
    person = tracker("profile", "show", "profile-1", "--json").object
    assert (person["created"], person["updated"]) == ("2014-12-31T00:00:00.000Z", "2025-06-01T12:00:00.000Z")
    session = tracker("session", "show", "s1", "--json").object
    assert (session["created"], session["updated"]) == ("2014-12-31T00:00:00.000Z", "2025-06-01T12:00:00.000Z")
    listed = tracker("event", "list", "--json").lines
    assert [(event["id"], event["type"], event["received_at"]) for event in listed[:2]] == [
        ("e2", "page-view", "2014-12-31T00:00:00.000Z"),
        ("e1", "page-view", "2015-03-01T12:00:00.000Z"),
    ]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_events_of_the_past_go_to_the_table_of_their_month(bring_in, make_source, engine) -> None:
    make_source("shop")
    bring_in(LINE)
    where = "SELECT tableoid::regclass::text FROM event"
    assert transaction(engine, lambda conn: list(conn.exec_driver_sql(where).scalars())) == ["event_2015_03"]


@ON_SQLITE
def test_tracardi_s_documents_are_taken_as_they_are(bring_in, make_source, tracker) -> None:
    make_source("shop")
    document = {
        "id": "t1",
        "name": "Purchase Order",
        "type": "purchase-order",
        "metadata": {"time": {"insert": "2023-04-05T06:07:08.123456", "create": None, "process_time": 0.1}},
        "source": {"id": "shop"},
        "session": {"id": "their-session", "start": "2023-04-05T06:00:00", "duration": 0},
        "profile": {"id": "their-profile"},
        "properties": {"price": 13.45},
        "context": {"page": {"url": "https://shop.example/"}},
        "tags": {"values": ["sale"], "count": 1},
    }
    said, aside = bring_in(
        {"_index": "tracardi-event-2023-4", "_id": "t1", "_source": document}, document | {"id": "t2"}
    )
    assert (said.code, aside) == (0, [])
    first, _ = tracker("event", "list", "--json").lines
    assert (first["profile"], first["session"], first["tags"]) == ("their-profile", "their-session", ["sale"])
    assert first["received_at"] == first["time"]["insert"] == "2023-04-05T06:07:08.123Z"


@ON_SQLITE
@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (b"{\n", "must be valid JSON"),
        (b"[]\n", "must be a JSON object"),
        (b'{"id": "a", "id": "b"}\n', "same key twice"),
        ({"type": None}, "type: must be text."),
        ({"type": " "}, "type: must not be empty."),
        ({"id": 7}, "id: must be text."),
        ({"id": "x" * 129}, "id: must not be longer"),
        ({"source": "nobody"}, "there is none with the id 'nobody'"),
        ({"source": None}, "--source"),
        ({"time": None}, "nothing says when"),
        ({"time": "yesterday"}, "time.insert: is no time"),
        ({"time": "1999-12-31"}, "time.insert: is no time"),
        ({"received_at": "2999-01-01"}, "received_at: is no time"),
        ({"properties": []}, "properties: must be an object."),
        ({"tags": "sale"}, "tags: must be a list of text."),
        ({"tags": [7]}, "tags: must be a list of text."),
        ({"properties": {"text": ["x" * 9000] * 9}}, "larger than 65536 bytes"),
        ({"properties": {"n": 10**30}}, "64 bits"),
    ],
)
def test_a_line_that_is_no_event_is_set_aside_with_the_reason(spoiled, reason: str, bring_in, make_source) -> None:
    make_source("shop")
    bad = spoiled if isinstance(spoiled, bytes) else LINE | {"id": "bad"} | spoiled
    said, aside = bring_in(LINE, bad, LINE | {"id": "e2"})
    assert (said.code, "1 set aside, 2 stored" in said.out) == (1, True), said
    assert [entry["line"] for entry in aside] == [2]
    assert reason in aside[0]["reason"]


@ON_SQLITE
def test_a_table_of_one_s_own_is_enough(bring_in, make_source, tracker) -> None:
    make_source("shop")
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    rows.writerow(["type", "time", "session", "properties.name", "properties", "extra"])
    rows.writerow(["bought", "2020-01-01", "s1", "two\nlines", '{"price": 3}', "not ours"])
    rows.writerow(["bought", "2020-01-01", "s1", "", "no json", ""])
    table.write("\r\n")
    rows.writerow(["bought", "2020-01-02", "s1", "", "", "", "one too many"])
    rows.writerow(["bought", "1577923200", "s1", "", "", ""])
    for fate in ("2 stored", "2 known already"):
        said, aside = bring_in(table.getvalue().encode("utf-8-sig"), name="mine.csv", options=("--source", "shop"))
        assert (said.code, fate in said.out) == (1, True), said
        assert [(entry["line"], entry["reason"]) for entry in aside] == [
            # As an editor counts: the line of names is the first, and the row before goes over two.
            (4, "properties: holds no JSON."),
            (6, "There are more columns than names for them."),
        ]
    first, _ = tracker("event", "list", "--json").lines
    assert first["properties"] == {"price": 3, "name": "two\nlines"}
    assert tracker("profile", "show", first["profile"], "--json").object["events"] == 2


@ON_SQLITE
def test_a_file_that_is_being_imported_is_not_imported_twice_at_once(bring_in, make_source, tmp_path, read) -> None:
    make_source("shop")
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(LINE) + "\n")
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        said, _ = bring_in()
    assert (said.code, read(reports.events)) == (1, [])
    assert said.err == f"Another import of {file} is running; it brings in all of it.\n"
    assert bring_in()[0].code == 0
    assert len(read(reports.events)) == 1


@ON_SQLITE
def test_a_row_that_is_set_aside_is_there_as_it_was_written(bring_in, make_source) -> None:
    make_source("shop")
    rows = b'id,type,source,time,properties\n1,a,shop,2015-03-01,"{no ""json"""\n2,a,shop,2015-03-01,{},surplus\n'
    said, aside = bring_in(rows, name="events.csv")
    assert said.code == 1
    assert [entry["text"] for entry in aside] == [
        '1,a,shop,2015-03-01,"{no ""json"""',
        "2,a,shop,2015-03-01,{},surplus",
    ]


@pytest.mark.parametrize("name", ["events.jsonl", "events.csv"])
def test_an_import_that_was_stopped_goes_on_where_it_was(
    name, tracker, make_source, monkeypatch, tmp_path, read
) -> None:
    make_source("shop")
    file = tmp_path / name
    if name.endswith("csv"):
        lines = ["id,type,source,session,time", *(f"e{n},a,shop,s,2020-01-01" for n in range(9)), "bad,,shop,s,"]
    else:
        lines = [json.dumps(LINE | {"id": f"e{n}"}) for n in range(9)] + ["bad"]
    file.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    settle, done = importing.Importer._commit, []

    def until_killed(self, pasts):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(pasts)
        return settle(self, pasts)

    with monkeypatch.context() as killed:
        killed.setattr(importing.Importer, "_commit", until_killed)
        assert tracker("event", "import", str(file)).code == 1
    assert len(read(reports.events)) == 6
    said = tracker("event", "import", str(file))
    line = 7 if name.endswith("csv") else 6
    assert f"Going on after line {line}, where an earlier run was stopped." in said.out
    assert "10 lines: 1 set aside, 9 stored;" in said.out, "what was done before is not even looked up again"
    assert len(read(reports.events)) == 9
    assert not importing.beside(file, "progress").exists()


@ON_SQLITE
def test_another_file_of_the_same_name_starts_at_its_beginning(bring_in, make_source, tmp_path) -> None:
    make_source("shop")
    note = tmp_path / "events.jsonl.progress"
    note.write_text('{"size": 7, "line": 1, "entries": 1, "offset": 100, "aside": 0, "fates": {}}')
    assert "1 stored" in bring_in(LINE)[0].out
    note.write_text("half a no")
    assert "1 known already" in bring_in(LINE)[0].out


@ON_SQLITE
def test_what_the_database_refuses_is_set_aside_alone(bring_in, make_source, monkeypatch, read) -> None:
    make_source("shop")
    apply_history = importing.apply_history

    def refuses(conn, steps):
        # No id that is made by chance has this in it.
        if "order-3" in str(steps):
            raise importing.Rejected
        apply_history(conn, steps)

    monkeypatch.setattr(importing, "apply_history", refuses)
    said, aside = bring_in(*(LINE | {"id": f"order-{n}"} for n in range(6)))
    assert "1 set aside, 5 stored" in said.out
    assert [(entry["line"], json.loads(entry["text"])["id"]) for entry in aside] == [(4, "order-3")]
    assert len(read(reports.events)) == 5


@ON_SQLITE
def test_a_statement_that_fails_for_one_line_ends_the_import_and_is_resumed_later(
    bring_in, make_source, monkeypatch, read
) -> None:
    make_source("shop")
    apply_history = importing.apply_history
    lines = [LINE | {"id": f"order-{n}"} for n in range(6)]

    def fails(conn, steps):
        if "order-3" in str(steps):
            raise importing.StatementFailed("The database cannot store this now; send the same body again.")
        apply_history(conn, steps)

    with monkeypatch.context() as failing:
        failing.setattr(importing, "apply_history", fails)
        said, aside = bring_in(*lines)
        assert said.code == 1
        assert "cannot be reached or written" in said.err
        assert aside == []
    assert {event["id"] for event in read(reports.events)} == {"order-0", "order-1", "order-2"}
    assert "3 known already, 3 stored" in bring_in(*lines)[0].out


def test_an_event_that_made_no_profile_makes_none_here_either(bring_in, make_source, read) -> None:
    make_source("shop")
    bring_in(LINE | {"profile": None})
    assert [event["profile"] for event in read(reports.events)] == [None]


@ON_SQLITE
def test_an_export_can_be_narrowed_down_and_replaces_nothing_by_itself(tracker, make_source, record, tmp_path) -> None:
    make_source("shop")
    make_source("blog")
    record("e1", session="s1")
    record("e2", session="s2", source="blog")
    file = tmp_path / "blog.jsonl"
    assert tracker("event", "export", str(file), "--source", "blog").code == 0
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == ["e2"]
    assert tracker("event", "export", str(file)).code == 1
    assert tracker("event", "export", str(file), "--overwrite").code == 0
    assert len(file.read_text().splitlines()) == 2
    unknown = tracker("event", "import", str(file), "--source", "nobody")
    assert (unknown.code, "tracker source list" in unknown.err) == (1, True)


@ON_SQLITE
def test_a_quote_that_is_not_closed_costs_its_own_line_alone(bring_in, make_source, read) -> None:
    make_source("shop")
    rows = ["id,type,source,time", *(f"e{n},a,shop,2020-01-01" for n in range(400))]
    rows[3] = 'e2,"a,shop,2020-01-01'
    said, aside = bring_in("\n".join(rows).encode(), name="events.csv")
    assert (said.code, "1 set aside, 399 stored" in said.out) == (1, True), said
    assert [(entry["line"], entry["text"]) for entry in aside] == [(4, rows[3])]
    assert aside[0]["reason"] == "A quote is not closed, or stands in a cell that is not quoted."
    assert len(read(reports.events)) == 399


@ON_SQLITE
def test_a_table_whose_columns_have_no_names_is_not_imported(bring_in, make_source, read) -> None:
    make_source("shop")
    said, _ = bring_in(b'id,"type,source,time\ne1,a,shop,2020-01-01\n', name="events.csv")
    assert (said.code, said.err.splitlines()[-1].startswith("Nothing was imported. Line 1 has to name")) == (1, True)
    assert read(reports.events) == []


@ON_SQLITE
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_of_a_spreadsheet_is_read_with_its_separator(separator: str, bring_in, make_source, tracker) -> None:
    make_source("shop")
    rows = (["ID", " Type ", "SOURCE", "Time", "Properties.Size"], ["e1", "a", "shop", "2020-01-01", "4,5"])
    said, _ = bring_in("\n".join(map(separator.join, rows)).encode(), name="events.tsv")
    assert said.code == 0, said
    assert tracker("event", "list", "--json").lines[0]["properties"] == {"Size": "4,5"}


@ON_SQLITE
@pytest.mark.parametrize(
    ("table", "why"),
    [
        (b"id,type,ID\ne1,a,e2\n", "Line 1 names the column 'id' twice; give one of the two another name."),
        ("id,type,größe\n".encode("latin-1"), "The table is no UTF-8 (it may be UTF-16 or Latin-1); save it as UTF-8."),
        ("id,type\n".encode("utf-16"), "The table is no UTF-8 (it may be UTF-16 or Latin-1); save it as UTF-8."),
        ("id,type\n".encode("utf-16-be"), "The table is no UTF-8 (it may be UTF-16 or Latin-1); save it as UTF-8."),
    ],
    ids=["twice", "latin-1", "utf-16", "utf-16-be"],
)
def test_a_table_that_is_not_what_it_should_be_is_refused(table: bytes, why: str, bring_in, make_source, read) -> None:
    make_source("shop")
    said, _ = bring_in(table, name="events.csv")
    assert (said.code, said.err.splitlines()[-1]) == (1, f"Nothing was imported. {why}")
    assert read(reports.events) == []


@ON_SQLITE
def test_a_row_that_is_no_utf_8_is_set_aside_in_plain_words(bring_in, make_source) -> None:
    make_source("shop")
    rows = "id,type,source,time,,\ne1,größe,shop,2020-01-01\ne2,a,shop,2020-01-01\n".encode("latin-1")
    said, aside = bring_in(rows, name="events.csv")
    assert "1 set aside, 1 stored" in said.out
    assert [(entry["line"], entry["reason"]) for entry in aside] == [
        (2, "The line is no UTF-8; save the table as UTF-8.")
    ]


@ON_SQLITE
def test_text_that_looks_like_a_formula_or_a_mark_comes_back_as_it_was(
    tracker, make_source, record, postgres, tmp_path
) -> None:
    make_source("shop")
    said = {"a": "=1+1", "b": ";=1", "c": "'=1", "d": "＝1", "e": 'x"\n\t-1', "f": -5, "g": "-5"}
    record(events=(Event("'-odd", ";+e1", said, tags=("=t", ";@u")),), session="\u00e9=s")
    original = tracker("event", "list", "--json").out
    file = tmp_path / "all.csv"
    assert tracker("event", "export", str(file)).code == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    there = {"DATABASE_URL": f"sqlite:///{tmp_path / 'other.db'}"}
    assert tracker("db", "upgrade", **there).code == 0
    assert tracker("source", "create", "--id", "shop", "--name", "Shop", **there).code == 0
    assert tracker("event", "import", str(file), **there).code == 0
    assert tracker("event", "list", "--json", **there).out == original


@ON_SQLITE
@pytest.mark.parametrize("command", [("event", "export"), ("db", "backup")])
def test_a_folder_that_is_not_there_is_told_by_the_name_that_was_asked_for(command, tracker, tmp_path) -> None:
    file = tmp_path / "absent" / "copy"
    said = tracker(*command, str(file))
    assert said.code == 1
    assert f"Cannot use {file}: No such file or directory.\nNothing was changed." in said.err
    assert "Errno" not in said.err


@ON_SQLITE
def test_a_reader_that_has_gone_is_told_in_a_sentence(tracker, monkeypatch) -> None:
    def gone(*_args: object, **_named: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("tracker.cli.backups.backup.save", gone)
    said = tracker("db", "backup", "-")
    assert said.code == 1
    assert "What read standard output has ended before all was written." in said.err
