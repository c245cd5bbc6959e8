"""The reference consumer's books and words, without a broker."""

from __future__ import annotations

import base64
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from agent.core.wire import parse_ack, parse_command
from scripts.closure.board import LiveBoard
from scripts.closure.books import Books, Taken
from scripts.closure.centre import AckPlan, Acks
from scripts.closure.contract import Contract, Unreadable, ack, command, whence, written
from scripts.closure.crew import Crew, CrewPlan
from tests.events import FACTS
from tests.responder import example

SOURCE = "/cityeye/demo/box-01"
OPENED = example("event.illegal_parking.opened")
CLOSED = example("event.illegal_parking.closed")


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books(tmp_path / "closure.db")
    yield opened
    opened.close()


def numbered(sequence: int, identity: int | None = None, **data: object) -> dict[str, Any]:
    number = sequence if identity is None else identity
    changed = {"id": f"01981a2b-0000-7000-8000-{number:012}", "sequence": f"{sequence:020}"}
    return {**OPENED, **changed, "data": {**OPENED["data"], **data}}


def take(books: Books, event: dict[str, Any]) -> Taken:
    return books.take_event(event, written(event))


def others_than(present: set[int], highest: int) -> set[int]:
    return set(range(1, highest + 1)) - present


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(st.integers(1, 30), max_size=12), min_size=1, max_size=4))
def test_the_standing_tells_which_numbers_are_missing_however_they_arrive(rounds: list[set[int]]) -> None:
    present: set[int] = set()
    with tempfile.TemporaryDirectory() as folder:
        books = Books(Path(folder) / "closure.db")
        for arrived in rounds:
            for sequence in arrived:
                take(books, numbered(sequence))
            present |= arrived
            standing = books.standing(SOURCE)
            missing = {n for first, last in standing.gaps for n in range(first, last + 1)}
            assert standing.highest == max(present, default=0)
            assert missing == others_than(present, standing.highest)
            assert standing.solid == min(missing, default=standing.highest + 1) - 1
        books.close()


def test_a_reused_sequence_is_kept_and_reported(books: Books) -> None:
    assert take(books, numbered(1)) is Taken.NEW
    assert take(books, numbered(1, identity=2)) is Taken.NEW
    assert books.db.execute("SELECT what FROM defects").fetchall() == [("sequence reused",)]
    assert books.standing(SOURCE).solid == 1


def test_a_late_revision_does_not_bring_an_incident_back(books: Books) -> None:
    for event in (CLOSED, OPENED):
        assert take(books, event) is Taken.NEW
    assert books.db.execute("SELECT phase, revision FROM incidents").fetchall() == [("closed", 3)]
    assert Crew(books, CrewPlan(acknowledge_after_s=0.0)).due(1e12) == [], "nobody is sent to what has ended"


NOTED = {
    said: {**example(f"note.{said}"), "subject": OPENED["subject"]}
    for said in ("acknowledged", "dismissed", "dismissal_withdrawn")
}


def stage(books: Books) -> tuple[str, str | None]:
    [(stage, outcome)] = books.db.execute("SELECT stage, outcome FROM cases").fetchall()
    return stage, outcome


def test_what_is_said_at_the_box_moves_the_case_and_leaves_the_incident_alone(books: Books) -> None:
    take(books, OPENED)
    assert [take(books, NOTED["acknowledged"]) for _ in range(2)] == [Taken.NEW, Taken.DOUBLE]
    assert stage(books) == ("dispatched", None)
    take(books, {**CLOSED, "data": {**CLOSED["data"], "close_reason": "cleared"}})
    take(books, NOTED["dismissed"])  # of one that has ended
    assert stage(books) == ("closed", "dismissed at the box: tolerated")
    take(books, NOTED["dismissal_withdrawn"])
    assert stage(books) == ("closed", "dismissal taken back at the box")
    assert books.db.execute("SELECT phase, revision FROM incidents").fetchall() == [("closed", 3)]
    told = books.db.execute("SELECT said, by, reason, until, note FROM notes ORDER BY sequence").fetchall()
    assert told == [
        ("acknowledged", "王芳", None, None, "队员已出发"),
        ("dismissed", "王芳", "tolerated", "2026-12-31T16:00:00.000Z", "施工许可"),
        ("dismissal_withdrawn", "王芳", None, None, None),
    ]


@pytest.mark.parametrize("order", [("closed", "dismissed"), ("dismissed", "closed")])
def test_the_reason_given_at_the_box_stays_whichever_comes_first(books: Books, order: tuple[str, str]) -> None:
    ended = {**CLOSED, "sequence": f"{15:020}", "data": {**CLOSED["data"], "close_reason": "dismissed"}}
    take(books, OPENED)
    for which in order:
        take(books, ended if which == "closed" else NOTED["dismissed"])
    assert stage(books) == ("closed", "dismissed at the box: tolerated")


def test_of_what_is_said_at_the_box_the_highest_sequence_counts(books: Books) -> None:
    for body in (NOTED["dismissal_withdrawn"], NOTED["dismissed"], OPENED):
        take(books, body)
    assert stage(books) == ("new", "dismissal taken back at the box")


@pytest.mark.parametrize("data", [{"anything": 1}, None, "text"])
def test_a_type_of_a_later_version_is_stored_and_counted_and_no_more(books: Books, data: object) -> None:
    contract = Contract(Path(__file__).parents[2] / "docs" / "contract")
    later = {**numbered(1), "type": "cityeye.illegal_parking.photographed", "data": data}
    del later["subject"]
    assert take(books, contract.read("event", written(later))) is Taken.NEW
    take(books, numbered(2))
    standing = books.standing(SOURCE)
    assert (standing.solid, standing.gaps) == (2, ())
    assert books.db.execute("SELECT count(*) FROM incidents").fetchone() == (1,)
    board = LiveBoard(Console(file=io.StringIO(), force_terminal=True))
    board.told("event", SOURCE, Taken.NEW, later)
    board.close()


@pytest.mark.parametrize("change", [{"sequence": 7}, {"id": "7"}, {"type": 7}, {"type": "cityeye..noted"}])
def test_an_event_that_is_none_is_refused_whatever_its_type(change: dict[str, object]) -> None:
    contract = Contract(Path(__file__).parents[2] / "docs" / "contract")
    with pytest.raises(Unreadable, match="faults"):
        contract.read("event", written({**NOTED["acknowledged"], **change}))


def test_the_will_of_an_earlier_run_is_stale(books: Books) -> None:
    online, lost = example("state.online"), example("state.lost")
    assert books.take_status(SOURCE, "state", online) is Taken.NEW
    stale = {**lost, "boot_id": "01981a2b-0000-7000-8000-00000000b001"}
    assert books.take_status(SOURCE, "state", stale) is Taken.DOUBLE
    assert books.take_status(SOURCE, "state", {**lost, "boot_id": online["boot_id"]}) is Taken.NEW
    [(state,)] = books.db.execute("SELECT state FROM boxes").fetchall()
    assert json.loads(state)["status"] == "offline"


def test_accepted_never_replaces_the_end_of_a_command(books: Books) -> None:
    done, begun = example("response.ping"), example("response.accepted")
    begun["id"] = done["id"]
    assert [books.take_answer(SOURCE, answer) for answer in (begun, done, begun, done)] == [
        *(Taken.NEW, Taken.NEW, Taken.DOUBLE, Taken.DOUBLE)
    ]
    assert books.db.execute("SELECT status FROM commands").fetchall() == [("done",)]


def test_what_happens_in_a_transaction_that_fails_did_not_happen(books: Books) -> None:
    broken = numbered(1)
    del broken["data"]["times"]
    with pytest.raises(KeyError):
        take(books, broken)
    assert take(books, numbered(1)) is Taken.NEW


def test_a_crew_dismisses_once(books: Books) -> None:
    take(books, OPENED)
    crew = Crew(books, CrewPlan(acknowledge_after_s=0.0, verify_after_s=0.0, dismiss="tolerated"))
    names = [body["command"] for _, body in crew.due(1e12) + crew.due(1e12)]
    assert names == ["acknowledge", "dismiss"]


@given(st.lists(st.integers(1, 5000), min_size=1, unique=True))
def test_an_ack_never_covers_a_gap_however_many_there_are(missing: list[int]) -> None:
    said = parse_ack(ack(SOURCE, 6000, [(n, n) for n in sorted(missing)]), FACTS)
    assert not any(said.covers(n) for n in missing)
    assert len(missing) > 256 or said.covers(6000)


@pytest.mark.parametrize("name", ["ping", "restart", "config.get"])
def test_a_command_is_what_a_box_reads(name: str) -> None:
    body = command(name, 60.0, by="李", note=None)
    assert parse_command(written(body)).id == body["id"]


@pytest.mark.parametrize("kind", ["event", "state", "health", "evidence", "rsp"])
def test_whatever_arrives_is_read_or_refused_in_words(kind: str) -> None:
    contract = Contract(Path(__file__).parents[2] / "docs" / "contract")
    for payload in (b"", b"\xff", b"{}", b"1", b"[" * 100_000, b'{"a": Infinity}'):
        with pytest.raises(Unreadable, match=r"not JSON|faults"):
            contract.read(kind, payload)


@pytest.mark.parametrize(
    ("address", "box", "kind"),
    [
        ("cityeye/v1/demo/box-01/event", "box-01", "event"),
        ("cityeye/v1/demo/box-01/rsp", "box-01", "rsp"),
        ("cityeye/v1/demo/centre/answers/box-01", "box-01", "rsp"),
    ],
)
def test_a_topic_names_box_and_kind(address: str, box: str, kind: str) -> None:
    assert whence(address) == (box, kind)


def test_a_picture_is_kept_by_its_checksum(books: Books) -> None:
    picture = example("evidence")
    assert [books.take_picture(SOURCE, picture) for _ in range(2)] == [Taken.NEW, Taken.DOUBLE]
    assert books.db.execute("SELECT content FROM pictures").fetchone()[0] == base64.b64decode(picture["data_base64"])
    assert books.take_picture(SOURCE, {**picture, "sha256": "00" * 32}) is Taken.DEFECT


def test_the_table_shows_boxes_and_incidents(books: Books) -> None:
    take(books, CLOSED)
    books.take_status(SOURCE, "state", example("state.online"))
    books.take_status(SOURCE, "health", example("health"))
    shown = io.StringIO()
    board = LiveBoard(Console(file=shown, width=160, height=40, force_terminal=True))
    board.told("event", SOURCE, Taken.NEW, CLOSED)
    board.refresh(books)
    board.close()
    for text in (
        SOURCE,
        "online",
        "gate online",
        "illegal_parking",
        "18:00",
        "closed (cleared)",
        "defects kept apart",
    ):
        assert text in shown.getvalue()


def test_a_plain_word_ends_before_the_gap_and_one_beyond_it_names_it(books: Books) -> None:
    acks = Acks(books, AckPlan(every_s=1.0, gap_after_s=100.0, again_after_s=50.0, asks=2))

    def said(at_s: float) -> list[tuple[int, list[tuple[int, int]]]]:
        words = [parse_ack(payload, FACTS) for _, payload in acks.due(at_s)]
        return [(int(w.sequence), [(int(r.first), int(r.last)) for r in w.missing]) for w in words]

    for sequence in (1, 2, 5, 8):
        take(books, numbered(sequence))
        acks.arrived(SOURCE)
    assert said(1000.0) == [(2, [])]
    assert said(1050.0) == [], "nothing new to say, and nothing to ask for yet"
    take(books, numbered(6))
    acks.arrived(SOURCE)
    assert said(1060.0) == [(2, [])], "a double may have come because a word was lost"
    assert said(1101.0) == [(8, [(3, 4), (7, 7)])]
    assert said(1120.0) == []
    take(books, numbered(7))
    acks.arrived(SOURCE)
    assert said(1130.0) == [(2, [])], "a box takes no word back: what was missing is not covered by this"
    assert said(1152.0) == [(8, [(3, 4)])]
    assert said(1203.0) == [(8, [])], "asked for twice in vain: given up"
    assert books.db.execute("SELECT reason FROM defects").fetchall() == [("3 to 4 never came",)]
    assert said(1300.0) == []
