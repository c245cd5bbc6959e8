"""The centre at work: what is done with each message, and what is due as time passes."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any

from .board import Board
from .books import Books, Taken
from .contract import Contract, Range, Unreadable, ack, answers_topic, command, source_of, topic, whence, written
from .crew import Crew
from .line import Address, Arrival, Line
from .mischief import Mischief

TURN_S = 0.1


@dataclass(frozen=True)
class AckPlan:
    """When stored events are acknowledged, and what is done about gaps. docs/contract/delivery.md has the reasons.

    Attributes:
        every_s: between two acknowledgements of a box; None: never any.
        gap_after_s: how long a gap may be under way before its events are asked for.
        again_after_s: before they are asked for again. asks: how often, before they are taken as lost.
    """

    every_s: float | None = 2.0
    gap_after_s: float = 3600.0
    again_after_s: float = 600.0
    asks: int = 5


@dataclass
class _Gap:
    """A gap that was noticed: when, and how often it was asked for."""

    since: float
    asked: int = 0
    asked_at: float = 0.0


@dataclass
class _Mark:
    """What is to be said to one box."""

    news: bool = False
    said_at: float = 0.0
    gaps: dict[Range, _Gap] = field(default_factory=dict)


class Acks:
    """What to acknowledge to each box, and when.

    A plain ack never goes beyond the first gap. An ack beyond it names ALL gaps as `missing`, which makes the box send
    them again, so it is said rarely. After `asks` of these in vain the lowest gap is given up, and noted as a defect.
    """

    def __init__(self, books: Books, plan: AckPlan) -> None:
        self._books = books
        self._plan = plan
        self._marks = {source: _Mark(news=True) for source in books.sources()}

    def arrived(self, source: str) -> None:
        """An event came, new or doubled: a double comes because our word was lost or came too late."""
        self._marks.setdefault(source, _Mark()).news = True

    def due(self, now: float) -> list[tuple[str, bytes]]:
        """(source, ack) of each box that should hear something now."""
        said = []
        for source, mark in self._marks.items():
            if self._plan.every_s is None or now - mark.said_at < self._plan.every_s or not (mark.news or mark.gaps):
                continue
            if payload := self._next(source, mark, now):
                said.append((source, payload))
                mark.said_at, mark.news = now, False
        return said

    def _next(self, source: str, mark: _Mark, now: float) -> bytes | None:
        standing = self._books.standing(source)
        mark.gaps = {gap: mark.gaps.get(gap, _Gap(now)) for gap in standing.gaps}
        for gap, known in mark.gaps.items():
            waited_s = now - (known.asked_at if known.asked else known.since)
            if waited_s < (self._plan.again_after_s if known.asked else self._plan.gap_after_s):
                continue
            if known.asked >= self._plan.asks:
                self._books.give_up(source, gap)
                mark.news = True  # the word may go beyond it now
                return self._next(source, mark, now)
            for other in mark.gaps.values():
                other.asked, other.asked_at = other.asked + 1, now
            return ack(source, standing.highest, standing.gaps)
        return ack(source, standing.solid) if mark.news and standing.solid else None


class Greetings:
    """A `ping` to each run of each box that comes online: its answer says which configuration it is on.

    A box that a `config.put` has sent to this broker waits for such a word, and goes back if none comes.
    """

    LIFETIME_S = 300.0

    def __init__(self) -> None:
        self._greeted: dict[str, str] = {}
        self._due: dict[str, str] = {}

    def arrived(self, source: str, state: dict[str, Any]) -> None:
        """A `state` came."""
        if state["status"] == "online" and self._greeted.get(source) != state["boot_id"]:
            self._due[source] = state["boot_id"]

    def due(self) -> list[tuple[str, dict[str, Any]]]:
        """(source, command) of each box that should hear something now."""
        due, self._due = self._due, {}
        self._greeted.update(due)
        return [(source, command("ping", self.LIFETIME_S)) for source in due]


class Centre:
    """One run of the centre, from the books to the line. `run` returns when it is told to stop, or to reboot."""

    def __init__(
        self,
        address: Address,
        tenant: str,
        *,
        books: Books,
        contract: Contract,
        acks: Acks,
        crew: Crew,
        board: Board,
        mischief: Mischief,
    ) -> None:
        self._tenant = tenant
        self._books = books
        self._contract = contract
        self._acks = acks
        self._crew = crew
        self._board = board
        self._mischief = mischief
        self._greetings = Greetings()
        self._late: list[tuple[float, str, bytes]] = []
        kinds = ("event", "state", "health", "evidence", "rsp")
        topics = [topic(tenant, "+", kind) for kind in kinds] + [answers_topic(tenant, "+")]
        self._line = Line(address, topics, self.take, confirm_after_s=mischief.confirm_after_s)
        self._trouble: str | None = "not connected yet"

    def take(self, arrival: Arrival) -> None:
        """Store one message, and return: then it is confirmed. Raises sqlite3.Error when it cannot be stored."""
        box, kind = whence(arrival.topic)
        if not arrival.payload:
            return  # `cityeye doctor` tries the box's rights, or somebody cleared the retained state
        source = source_of(self._tenant, box)
        try:
            body = self._contract.read(kind, arrival.payload)
            if kind in ("event", "evidence") and body["source"] != source:
                raise Unreadable(f"source: expected {source} on {arrival.topic}, found {body['source']}")
        except Unreadable as error:
            taken = self._books.put_aside(source, f"invalid {kind}", str(error), arrival.payload)
            self._board.told(kind, source, taken, {"reason": str(error)})
            return
        taken = self._store(source, kind, body, arrival.payload)
        self._board.told(kind, source, taken, body)

    def run(self, until: float | None, stopped: list[int]) -> bool:
        """Work until `stopped` is not empty or `until` (time.monotonic) has come. Returns True to be made anew."""
        while not stopped and (until is None or time.monotonic() < until):
            try:
                self._line.turn(TURN_S)
                self._tick(time.time())
            except sqlite3.Error as error:  # such as a full disk: what was not stored was not confirmed
                self._board.trouble(f"cannot store: {error}")
                time.sleep(1.0)
            if self._mischief.is_due("reboots", time.time()):
                self._line.drop()
                self._line.close()
                return True
        self._line.close()
        return False

    def _store(self, source: str, kind: str, body: dict[str, Any], payload: bytes) -> Taken:
        if kind == "event":
            taken = self._books.take_event(body, payload)
            self._acks.arrived(source)
            return taken
        if kind == "evidence":
            return self._books.take_picture(source, body)
        if kind == "state":
            self._greetings.arrived(source, body)
        if kind != "rsp":
            return self._books.take_status(source, kind, body)
        if body["id"] is None:  # an answer to something whose id the box could not read
            return self._books.put_aside(source, "answer to nothing", str(body["message"]), payload)
        return self._books.take_answer(source, body)

    def _tick(self, now: float) -> None:
        trouble = self._line.trouble or (None if self._line.ready else self._trouble)
        if trouble != self._trouble:
            self._trouble = trouble
            self._board.trouble(trouble)
        if self._line.ready:
            self._late += [(now + self._mischief.ack_after_s(), source, said) for source, said in self._acks.due(now)]
            for _, source, said in [entry for entry in self._late if entry[0] <= now]:
                self._say(source, "ack", said)
            self._late = [entry for entry in self._late if entry[0] > now]
            for source, body in [*self._greetings.due(), *self._crew.due(now)]:
                self._ask(source, body)
            for source in self._books.sources():
                for kind, nonsense in self._mischief.nonsense(source, now):
                    self._say(source, kind, nonsense)
        self._board.refresh(self._books)

    def _ask(self, source: str, body: dict[str, Any]) -> None:
        self._books.asked(source, body)
        box = source.rpartition("/")[2]
        # MQTT 5 takes the properties, 3.1.1 has the body only; saying both is allowed as long as they agree.
        answer_to = answers_topic(self._tenant, box)
        payload = written({**body, "response_topic": answer_to})
        for _ in range(self._mischief.copies()):
            self._say(source, "cmd", payload, answer_to)
        self._board.told("cmd", source, Taken.NEW, body)

    def _say(self, source: str, kind: str, payload: bytes, answer_to: str | None = None) -> None:
        address = topic(self._tenant, source.rpartition("/")[2], kind)
        self._line.say(address, payload, answer_to=answer_to, retain=self._mischief.retains())
