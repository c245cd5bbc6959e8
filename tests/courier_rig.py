"""A courier with fakes around it and a clock that only it moves."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

from agent.core.types import Message
from agent.core.wire import state_message, will_message
from agent.ports import Outbox, Received
from agent.runtime.courier import Courier, CourierSettings, StateMessages
from agent.runtime.picture_lane import PictureMail
from agent.runtime.replies import Replies
from tests.events import FACTS, RUN, T0
from tests.fakes_delivery import FakeBroker, FakeClock, FakeLink, FakeOutbox

ONLINE = state_message(FACTS, RUN, status="online", since=T0)
OFFLINE = state_message(FACTS, RUN, status="offline", since=T0)
WILL = will_message(FACTS, RUN)
STATE = StateMessages(online=lambda: ONLINE, offline=lambda: OFFLINE, will=lambda: WILL)
MANY = 5000


def message(number: int, incident: str = "") -> Message:
    return Message(topic="t/event", payload=f"{incident}{number}".encode(), content_type="text/plain")


def noting(seen: list[Message], answer: Callable[[Message], str]) -> Callable[[Message], str]:
    """An answer that also keeps what it was asked about."""

    def answered(m: Message) -> str:
        seen.append(m)
        return answer(m)

    return answered


def dying(rig: Rig, reason: str) -> Callable[[FakeLink, float], None]:
    """Sessions that end at the first quiet moment."""

    def idle(link: FakeLink, timeout_s: float) -> None:
        rig.pass_time(timeout_s)
        link.lose(reason)

    return idle


class FakeStop(threading.Event):
    """A stop event on which waiting moves the clock, and nothing else."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self._rig = rig
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self._rig.pass_time(timeout)
        return self.is_set()


class Rig:
    """A courier with fakes around it; `run` ends when `until` is true, looked at whenever time passes."""

    def __init__(
        self,
        courier_settings: CourierSettings | None = None,
        *,
        listen: Sequence[str] = (),
        inbox: Callable[[Received], None] | None = None,
        pictures: PictureMail | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        """`outbox`: of which it sends; None: the rig's own, to which `add` adds."""
        self.clock = FakeClock()
        self.outbox = FakeOutbox()
        self.broker = FakeBroker()
        self.replies = Replies()
        self.stop = FakeStop(self)
        self.until: Callable[[], bool] = lambda: True
        self.broker.idle = lambda link, timeout_s: self.pass_time(timeout_s)
        self.courier = Courier(
            outbox=outbox or self.outbox,
            broker=self.broker,
            clock=self.clock,
            state=STATE,
            jitter=random.Random(1).uniform,
            settings=courier_settings,
            listen=listen,
            inbox=inbox,
            replies=self.replies,
            pictures=pictures,
        )
        self._steps = 0

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self._steps += 1
        assert self._steps < MANY, "the courier goes round and round"
        if self.until():
            self.stop.set()

    def run(self, until: Callable[[], bool] = lambda: True) -> None:
        self.until = until
        self.stop.clear()
        self.courier.run(self.stop)

    def add(self, *incidents: str) -> None:
        for incident in incidents:
            number = len(self.outbox.rows) + 1
            self.outbox.add(message(number, incident), order_key=incident)

    @property
    def events(self) -> list[str]:
        """Payloads that the broker took, without state messages."""
        return [m.payload.decode() for m in self.broker.received if m.topic == "t/event"]
