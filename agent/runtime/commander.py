"""Carries out what the centre asks: each command once, each answered, whatever the bytes.

The courier's thread only leaves commands here (`take`); they are carried out by a thread of their own, one after the
other. A handler that needs longer keeps the `Answer` it was given and calls it later, from any thread; the centre is
told `accepted` meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from queue import Empty, Full, Queue
from threading import Event as StopEvent
from threading import Lock

from agent.core.errors import CityEyeError, CommandRejected, RejectCode, StoreFull, StoreUnusable
from agent.core.types import Message
from agent.core.wire import (
    BoxFacts,
    Command,
    Reply,
    Result,
    asked,
    asked_of,
    check_expiry,
    parse_command,
    parse_response,
    response_message,
    with_properties,
)
from agent.ports import Answered, AnswerMemory, Clock, Received

log = logging.getLogger(__name__)

Answer = Callable[[Result | CommandRejected], None]
"""Says how a command ended: called once, from any thread."""
Handler = Callable[[Command, Answer], None]
"""Carries a command out. Answers at once or later, or raises CommandRejected."""
Awaits = Callable[[str], bool]
"""Whether the command of that id, which may have come in an earlier run, is still on its way to its answer."""

MOST_WAITING = 64
"""Commands that wait at most; beyond, they are told that the box is busy."""
TICK_S = 1.0
"""How often what has a deadline is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRules:
    """What this box does for the centre.

    Attributes:
        response_topics: topic filters that answers may go to, beside those of the contract.
        refused: names of commands that are not carried out here.
    """

    response_topics: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()


class Commander:
    """Give `run` to the supervisor, and `take` to the inbox."""

    def __init__(
        self,
        *,
        facts: BoxFacts,
        clock: Clock,
        memory: AnswerMemory,
        handlers: Mapping[str, Handler],
        reply: Callable[[Message], None],
        rules: CommandRules | None = None,
        ticks: Sequence[Callable[[], None]] = (),
        awaits: Mapping[str, Awaits] | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """A commander whose `handlers`, `ticks` and `awaits` may be filled until it runs.

        Args:
            handlers: by command. reply: sends an answer, from any thread. ticks: called about once a second.
            awaits: by command, of those that outlive a run: what they say yes to is not begun anew.
            heard: a command came that is valid and of now, whatever becomes of it.
        """
        self._facts = facts
        self._clock = clock
        self._memory = memory
        self._handlers = handlers
        self._reply = reply
        self._rules = rules or CommandRules()
        self._ticks = ticks
        self._awaits = {} if awaits is None else awaits
        self._heard = heard
        self._waiting: Queue[Received | _Intent | None] = Queue(MOST_WAITING)
        self._lock = Lock()
        self._under_way: set[str] = set()
        self._unkept: OrderedDict[str, Answered] = OrderedDict()
        """What the disk did not take: remembered as long as this run lasts."""

    def take(self, received: Received) -> None:
        """Leave a command to be carried out. Quick, and never raises for a message."""
        try:
            self._waiting.put_nowait(received)
        except Full:
            self._refuse(
                received, CommandRejected(RejectCode.BUSY, f"{MOST_WAITING} commands wait; send it again later")
            )

    def intend(self, command: Command, answer: Answer) -> None:
        """Leave what a person at the box wants, to be carried out as the centre's commands are, by the same handlers.

        `answer` is called once, from any thread. It is neither remembered nor told to the centre, and what the centre
        may not do (`commands.refuse`) a person at the box may.
        """
        try:
            self._waiting.put_nowait(_Intent(command, answer))
        except Full:
            answer(CommandRejected(RejectCode.BUSY, f"{MOST_WAITING} commands wait; try again later"))

    def wake(self) -> None:
        """There is a reason to stop."""
        try:
            self._waiting.put_nowait(None)
        except Full:
            return

    def run(self, stop: StopEvent) -> None:
        """Carry out what comes until stopped."""
        ticked_s = float("-inf")
        while not stop.is_set():
            try:
                received = self._waiting.get(timeout=TICK_S)
            except Empty:
                received = None
            if isinstance(received, _Intent):
                log.info("intent %s: by %s", received.command.command, received.command.by)
                self._carry_out(received.command.asked_here(), _Settled(received.answer))
            elif received is not None:
                self.carry_out(received)
            now_s = self._clock.now().mono_s
            if now_s - ticked_s >= TICK_S:
                ticked_s = now_s
                for tick in self._ticks:
                    tick()

    def carry_out(self, received: Received) -> None:
        """One command, from its bytes to its answer; in the commander's thread."""
        try:
            if received.retained:
                what = "retained: expected a command of now, found one that the broker kept; clear the retained message"
                raise CommandRejected(RejectCode.INVALID, what)
            command = with_properties(parse_command(received.payload), received.response_topic, received.correlation)
        except CommandRejected as rejected:
            log.warning("%s: a command was rejected: %s", received.topic, rejected)
            self._refuse(received, rejected)
            return
        self._hear(command)
        taken = Answered(
            digest=_digest(command),
            asked=asked_of(command),
            correlation=received.correlation,
            answer=None,
        )
        if not self._is_repeated(taken):
            self._begin(command, taken)

    def _hear(self, command: Command) -> None:
        """An expired one may have lain at the broker: who sent it need not be there any more."""
        try:
            check_expiry(command, self._clock.now().utc)
        except CommandRejected:
            return
        self._heard()

    def answer_unfinished(self, command: str, outcome: Result | CommandRejected, command_id: str | None = None) -> None:
        """Answer the commands of that name that a former run of the agent began, such as the one that ended it.

        Args:
            command_id: only this one of them.
        """
        for taken in self._memory.unfinished(command):
            if command_id in (None, taken.asked.id):
                self._finish(taken, outcome)

    def _is_repeated(self, taken: Answered) -> bool:
        """Whether the command came before; then it was answered by this."""
        known = self._find(taken)
        if known is not None and known.digest != taken.digest:
            text = f"id {taken.asked.id!a}: expected one that no other command had; give each command an id of its own"
            self._say(taken, CommandRejected(RejectCode.ID_REUSED, text))
            return True
        if known is not None and known.answer is not None:
            self._repeat(taken, known.answer)
            return True
        command_id, awaits = taken.asked.id or "", self._awaits.get(taken.asked.command or "")
        if command_id in self._under_way or (awaits is not None and awaits(command_id)):
            self._say(taken, None)
            return True
        return False

    def _find(self, taken: Answered) -> Answered | None:
        command_id = taken.asked.id or ""
        if (kept := self._unkept.get(command_id)) is not None:
            return kept
        try:
            return self._memory.find(command_id)
        except (StoreFull, StoreUnusable) as error:
            log.warning("commands are not compared with earlier ones: %s", error)
            return None

    def _begin(self, command: Command, taken: Answered) -> None:
        name, command_id = command.command, command.id
        if name in self._rules.refused:
            text = f"{name}: the configuration of this box refuses it (commands.refuse)"
            self._say(taken, CommandRejected(RejectCode.NOT_ALLOWED, text))
            return
        self._keep(lambda: self._memory.begin(taken), taken)
        self._under_way.add(command_id)
        log.info("command %s: %s%s", command_id, name, f", by {command.by}" if command.by else "")
        settled = _Settled(lambda outcome: self._finish(taken, outcome))
        self._carry_out(command, settled)
        settled.unless_done(lambda: self._say(taken, None))

    def _carry_out(self, command: Command, settled: _Settled) -> None:
        """Have the handler do it; what that raises is the answer."""
        try:
            check_expiry(command, self._clock.now().utc)
            handler = self._handlers.get(command.command)
            if handler is None:
                raise CommandRejected(RejectCode.NOT_SUPPORTED, f"{command.command}: this box cannot do it")
            handler(command, settled)
        except CommandRejected as rejected:
            settled(rejected)
        except TimeoutError as error:  # a part of the agent that is busy for longer than a command may wait
            settled(CommandRejected(RejectCode.BUSY, f"{error}; try again later"))
        except CityEyeError as error:
            failed = CommandRejected(RejectCode.FAILED, str(error))
            failed.__cause__ = error  # for whoever has words of his own for it
            settled(failed)
        except Exception:
            settled(CommandRejected(RejectCode.FAILED, "a fault of the agent; its log says more"))
            raise  # for the supervisor, who tells of it

    def _finish(self, taken: Answered, outcome: Result | CommandRejected) -> None:
        """Remember and send the answer."""
        command_id = taken.asked.id or ""
        message = self._message(taken, outcome)
        text = message.payload.decode("utf-8")
        busy = isinstance(outcome, CommandRejected) and outcome.code is RejectCode.BUSY  # it may come again
        if busy:
            self._keep(lambda: self._memory.forget(command_id), None)
        else:
            answered = replace(taken, answer=text)
            self._keep(lambda: self._memory.finish(answered), answered)
        with self._lock:
            self._under_way.discard(command_id)
        if isinstance(outcome, CommandRejected):
            log.warning("command %s: %s", command_id, outcome)
        self._reply(message)

    def _keep(self, write: Callable[[], None], unkept: Answered | None) -> None:
        """Write to the memory; what that does not take is remembered here: a full disk keeps no centre waiting."""
        try:
            write()
            if unkept is not None:
                with self._lock:
                    self._unkept.pop(unkept.asked.id or "", None)
        except (StoreFull, StoreUnusable) as error:
            log.warning("a command is remembered for this run only: %s", error)
            if unkept is not None:
                with self._lock:
                    self._unkept[unkept.asked.id or ""] = unkept
                    if len(self._unkept) > MOST_WAITING:
                        self._unkept.popitem(last=False)

    def _refuse(self, received: Received, rejected: CommandRejected) -> None:
        """Answer what could not be read, or not be taken, as far as it can be told whose it was."""
        told = asked(received.payload)
        told = replace(told, response_topic=received.response_topic or told.response_topic)
        self._say(Answered(digest="", asked=told, correlation=received.correlation, answer=None), rejected)

    def _repeat(self, taken: Answered, answer: str) -> None:
        """The same answer, to wherever it is asked for now."""
        before = parse_response(answer.encode())
        rejected = None if before.code is None else CommandRejected(RejectCode(before.code), before.message or "")
        reply = Reply(asked=taken.asked, at=before.at, result=before.result, rejected=rejected)
        self._reply(self._stamped(reply, taken.correlation))

    def _say(self, taken: Answered, outcome: Result | CommandRejected | None) -> None:
        self._reply(self._message(taken, outcome))

    def _message(self, taken: Answered, outcome: Result | CommandRejected | None) -> Message:
        now = self._clock.now().utc
        rejected = outcome if isinstance(outcome, CommandRejected) else None
        result = None if isinstance(outcome, CommandRejected) else outcome
        try:
            return self._stamped(Reply(asked=taken.asked, at=now, result=result, rejected=rejected), taken.correlation)
        except CommandRejected as too_large:
            return self._stamped(Reply(asked=taken.asked, at=now, rejected=too_large), taken.correlation)

    def _stamped(self, reply: Reply, correlation: bytes | None) -> Message:
        return replace(response_message(self._facts, reply, self._rules.response_topics), correlation=correlation)


def _digest(command: Command) -> str:
    """Of what is asked, and by whom. When, and where the answer goes, may differ when it is asked again."""
    asked = command.model_dump_json(exclude={"issued_at", "expires_at", "response_topic", "correlation"})
    return hashlib.sha256(asked.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Intent:
    """What a person at the box wants."""

    command: Command
    answer: Answer


class _Settled:
    """An `Answer` that works once: a handler that answers twice would take back what the centre was told."""

    def __init__(self, settle: Callable[[Result | CommandRejected], None]) -> None:
        self._settle = settle
        self._lock = Lock()
        self._done = False

    def unless_done(self, say: Callable[[], None]) -> None:
        """Say something that must not come after the answer."""
        with self._lock:
            if not self._done:
                say()

    def __call__(self, outcome: Result | CommandRejected) -> None:
        with self._lock:
            first, self._done = not self._done, True
        if first:
            self._settle(outcome)
        else:
            log.error("a command was answered twice; the second answer was dropped")
