"""Answers on their way out: small, and awaited by a person, so they go before everything else.

They are kept in memory alone: an answer that comes after a restart answers nobody.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from agent.core.types import Message
from agent.core.wire import packet_bytes
from agent.ports import Acked, Link

log = logging.getLogger(__name__)

MOST = 1000
"""Answers that wait while the broker is away; beyond, the oldest is given up."""
TRIALS = 3
"""Sessions that a single answer may end before it is given up."""


@dataclass(slots=True)
class _Reply:
    message: Message
    losses: int = 0
    suspect: bool = False


class Replies:
    """Answers with QoS 1, in the order in which they were put. `put` and the counters are safe from any thread.

    On a broker that hangs up at a message (one of 3.1.1 cannot refuse it otherwise) an answer would end every session.
    So what was in flight when a session ended is suspect: it goes alone, and after `TRIALS` such sessions no more.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[_Reply] = deque()
        self._flying: dict[int, _Reply] = {}
        self._wake: Callable[[], None] = lambda: None
        self._sent = 0
        self._dropped = 0

    def wake_with(self, wake: Callable[[], None]) -> None:
        """What to call, in the thread of `put`, when there is something to send."""
        self._wake = wake

    def put(self, message: Message) -> None:
        """Send this as soon as there is a session."""
        with self._lock:
            self._waiting.append(_Reply(message))
            oldest = self._waiting.popleft() if len(self._waiting) > self._most else None
        if oldest is not None:
            self._drop(oldest, f"more than {self._most} answers wait")
        self._wake()

    @property
    def sent(self) -> int:
        """Answers that the broker took, since the start."""
        return self._sent

    @property
    def dropped(self) -> int:
        """Answers that were given up, since the start."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """Answers that the broker does not have yet, be they in flight or not."""
        with self._lock:
            return len(self._waiting) + len(self._flying)

    @property
    def flying(self) -> int:
        """Answers that the broker has not acknowledged. For the courier's thread, as is all below."""
        return len(self._flying)

    @property
    def on_trial(self) -> bool:
        """A suspect is in flight, or is the next to go: nothing else may be sent until the broker answered it."""
        with self._lock:
            return any(r.suspect for r in self._flying.values()) or bool(self._waiting and self._waiting[0].suspect)

    def fill(self, link: Link, room: int, *, quiet: bool) -> None:
        """Send what waits, at most `room`. `quiet`: nothing is in flight. Raises BrokerUnreachable."""
        if any(reply.suspect for reply in self._flying.values()):
            return
        while room > 0 and (reply := self._first()) is not None:
            if reply.suspect and not quiet:
                return
            if self._fits(reply, link):
                token = link.publish(reply.message)  # first: what cannot be handed over stays where it is
                with self._lock:
                    self._flying[token] = reply
                room = 0 if reply.suspect else room - 1
                quiet = False
            with self._lock:
                if self._waiting and self._waiting[0] is reply:
                    self._waiting.popleft()

    def answered(self, answer: Acked) -> bool:
        """Act on a PUBACK; False when it is for something else."""
        with self._lock:
            reply = self._flying.pop(answer.token, None)
        if reply is None:
            return False
        if answer.error is None:
            self._sent += 1
        else:
            self._drop(reply, answer.error)
        return True

    def session_ended(self, *, worked: bool) -> None:
        """What was in flight goes again, first and in its order. `worked`: the session took something before."""
        with self._lock:
            back = list(self._flying.values())
            self._flying.clear()
            for reply in back:
                reply.losses += worked and reply.suspect
                reply.suspect = True
            self._waiting.extendleft(reversed([reply for reply in back if reply.losses < TRIALS]))
        for reply in back:
            if reply.losses >= TRIALS:
                self._drop(reply, "the session was lost each time it was sent")

    def _first(self) -> _Reply | None:
        with self._lock:
            return self._waiting[0] if self._waiting else None

    def _fits(self, reply: _Reply, link: Link) -> bool:
        size, limit = packet_bytes(reply.message), link.max_packet_bytes
        if limit is None or size <= limit:
            return True
        self._drop(reply, f"{size} bytes, but the broker takes packets of {limit} bytes at most")
        return False

    def _drop(self, reply: _Reply, reason: str) -> None:
        self._dropped += 1
        log.error("an answer on %s was given up: %s", reply.message.topic, reason)
