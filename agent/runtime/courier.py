"""Carries the outbox to the broker, for ever: one session after another, in order, nothing lost.

Delivery is at least once. A row is done when its PUBACK is not an error; until then every new session sends it again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent.core.errors import BrokerRefused, BrokerUnreachable
from agent.core.types import Message
from agent.ports import Broker, Clock, Link, Outbox, Received
from agent.runtime.backoff import Backoff, Jitter
from agent.runtime.delivery import Delivery, DeliverySettings
from agent.runtime.picture_lane import PictureMail
from agent.runtime.replies import Replies

log = logging.getLogger(__name__)

_POLL_S = 1.0
"""How soon a stop or a postponed row is noticed when nothing wakes the courier."""
_TELEMETRY_QUEUE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMessages:
    """What the retained state topic says: on connecting, on stopping, and by the broker when the box is lost."""

    online: Callable[[], Message]
    offline: Callable[[], Message]
    will: Callable[[], Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierSettings:
    """Times in seconds.

    Attributes:
        refused_wait_s: between attempts after the broker said no: somebody must change something first.
        settled_s: a session that lasts this long forgets the failures before it.
        drain_s: how long a stop waits for what is due and in flight, and goodbye_s then for the state message's PUBACK.
    """

    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    refused_wait_s: float = 60.0
    settled_s: float = 30.0
    drain_s: float = 5.0
    goodbye_s: float = 2.0
    will_delay_s: int = 30
    delivery: DeliverySettings = field(default_factory=DeliverySettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierState:
    """How delivery stands, for health and the console. Counters are of this run of the agent."""

    connected_since: datetime | None = None
    protocol: str | None = None
    last_error: str | None = None
    refused: bool = False
    in_flight: int = 0
    sent: int = 0
    postponed: int = 0
    set_aside: int = 0
    telemetry_dropped: int = 0
    replies_dropped: int = 0
    picture_fault: str | None = None


class Courier:
    """The delivery loop. `run` belongs to one thread; `wake`, `publish_soon` and `snapshot` may be called from any."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        broker: Broker,
        clock: Clock,
        state: StateMessages,
        jitter: Jitter,
        settings: CourierSettings | None = None,
        listen: Sequence[str] = (),
        inbox: Callable[[Received], None] | None = None,
        replies: Replies | None = None,
        pictures: PictureMail | None = None,
    ) -> None:
        """`listen`: topics to subscribe to; `inbox` takes what comes, in the courier's thread, and does not raise.

        `replies`: answers to what came; this courier takes them from there, and is woken when there are some.
        `pictures`: those to send here; None: they stay, or go another way.
        """
        self._outbox = outbox
        self._broker = broker
        self._clock = clock
        self._state = state
        self._settings = settings or CourierSettings()
        self._backoff = Backoff(jitter, base_s=self._settings.first_wait_s, cap_s=self._settings.longest_wait_s)
        self._telemetry: deque[Message] = deque(maxlen=_TELEMETRY_QUEUE)
        self._link: Link | None = None
        self._replies = replies or Replies()
        self._replies.wake_with(self.wake)
        self._delivery = Delivery(outbox, clock, self._settings.delivery, inbox, self._replies, pictures)
        self._listen = tuple(listen)
        self._last_loss: str | None = None
        self._lock = threading.Lock()
        self._snapshot = CourierState()

    def wake(self) -> None:
        """There is something new in the outbox, or a reason to stop."""
        if (link := self._link) is not None:
            link.wake()

    def publish_soon(self, message: Message) -> None:
        """Send a QoS 0 message on the present session; without one it is dropped, as a newer one will follow."""
        if self._link is None:
            with self._lock:
                self._snapshot = replace(self._snapshot, telemetry_dropped=self._snapshot.telemetry_dropped + 1)
            return
        self._telemetry.append(message)
        self.wake()

    def snapshot(self) -> CourierState:
        """The present state."""
        counts = self._delivery.counts
        return replace(
            self._snapshot,
            in_flight=counts.in_flight,
            sent=counts.sent,
            postponed=counts.postponed,
            set_aside=counts.set_aside,
            replies_dropped=self._replies.dropped,
            picture_fault=self._delivery.picture_fault,
        )

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set, then drain and say goodbye. Raises StoreUnusable."""
        while not stop.is_set():
            link = self._connect(stop)
            if link is None:
                continue
            reason: str | None = None
            try:
                reason = self._session(link, stop)
            finally:
                self._link = None
                link.close()
                self._note(connected_since=None, protocol=None)
                self._delivery.session_ended(lost=reason is not None)
            if reason is not None:
                self._lost(reason)
                stop.wait(self._backoff.next_s())

    def _connect(self, stop: threading.Event) -> Link | None:
        """One attempt; None after a failure and the wait that it asks for."""
        try:
            link = self._broker.connect(self._state.will(), self._settings.will_delay_s)
        except BrokerRefused as error:
            self._failed(str(error), refused=True)
            stop.wait(self._settings.refused_wait_s)
            return None
        except BrokerUnreachable as error:
            self._failed(str(error), refused=False)
            stop.wait(self._backoff.next_s())
            return None
        log.info("connected to the broker, MQTT %s", link.protocol)
        self._note(connected_since=self._clock.now().utc, protocol=link.protocol, last_error=None, refused=False)
        return link

    def _failed(self, text: str, *, refused: bool) -> None:
        """Say a new trouble once, not at every attempt."""
        if text != self._snapshot.last_error:
            log.log(logging.ERROR if refused else logging.WARNING, "%s", text)
        self._note(last_error=text, refused=refused)

    def _lost(self, reason: str) -> None:
        level = logging.DEBUG if reason == self._last_loss else logging.WARNING
        log.log(level, "broker session lost: %s", reason)
        self._last_loss = reason
        self._note(last_error=reason)

    def _session(self, link: Link, stop: threading.Event) -> str | None:
        """Deliver on one link. Returns why it was lost, or None when it was stopped."""
        opened_s = self._clock.now().mono_s
        self._telemetry.clear()
        try:
            if self._listen:
                link.subscribe(self._listen)
            self._delivery.session_opened(link, self._state.online())
            self._link = link
            while not stop.is_set():
                self._turn(link)
                if self._clock.now().mono_s - opened_s >= self._settings.settled_s:
                    self._backoff.reset()
                    self._last_loss = None
            self._drain(link)
        except BrokerUnreachable as error:
            self._delivery.take_last()
            return str(error)
        return None

    def _turn(self, link: Link) -> None:
        while self._telemetry:
            self._delivery.publish_once(self._telemetry.popleft())
        self._delivery.fill()
        self._delivery.take(link.poll(_POLL_S))

    def _drain(self, link: Link) -> None:
        """Send what is due, then replace the retained state, as long as the time allows."""
        self._poll_while(
            link,
            self._settings.drain_s,
            lambda: self._delivery.fill(pictures=False) or not self._delivery.takes_state,
        )
        self._delivery.publish_state(self._state.offline())
        self._poll_while(link, self._settings.goodbye_s, lambda: not self._delivery.state_acked)

    def _poll_while(self, link: Link, time_s: float, going_on: Callable[[], bool]) -> None:
        deadline_s = self._clock.now().mono_s + time_s
        while going_on() and (left_s := deadline_s - self._clock.now().mono_s) > 0:
            self._delivery.take(link.poll(min(left_s, _POLL_S)))

    def _note(self, **changes: object) -> None:
        with self._lock:
            self._snapshot = replace(self._snapshot, **changes)  # type: ignore[arg-type]
