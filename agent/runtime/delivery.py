"""One session after another: what goes out next, and whose answer it is that came."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from agent.core.errors import BrokerUnreachable
from agent.core.types import Message
from agent.core.wire import packet_bytes
from agent.ports import Acked, Clock, Link, Lost, News, Outbox, Received, SubscriptionRefused
from agent.runtime.event_lane import Counts, DeliverySettings, EventLane
from agent.runtime.picture_lane import PictureLane, PictureMail
from agent.runtime.replies import Replies

log = logging.getLogger(__name__)

__all__ = ["Counts", "Delivery", "DeliverySettings"]


class Delivery:
    """Shares one link among answers, events and pictures, in that order. Used by the courier's thread alone.

    A picture leaves when nothing else is due and nothing is in flight, so an event waits for one packet at most.
    """

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        settings: DeliverySettings,
        inbox: Callable[[Received], None] | None = None,
        replies: Replies | None = None,
        pictures: PictureMail | None = None,
    ) -> None:
        """`inbox` takes what the centre sends, at once and without raising."""
        self._clock = clock
        self._settings = settings
        self._inbox = inbox
        self._events = EventLane(outbox, clock, settings)
        self._replies = replies or Replies()
        self._pictures = _lane(pictures, clock, settings)
        self._link: Link | None = None
        self._state_token: int | None = None
        self._silent_since_s = 0.0

    @property
    def counts(self) -> Counts:
        """What became of the events."""
        return self._events.counts

    @property
    def picture_fault(self) -> str | None:
        """What is in the way of pictures, or None."""
        return None if self._pictures is None else self._pictures.fault

    @property
    def state_acked(self) -> bool:
        """Whether the broker answered the last state message, be it with an error."""
        return self._state_token is None

    @property
    def takes_state(self) -> bool:
        """Whether the broker takes one more message now, behind all that it owes an answer for."""
        return self._owed < self._open_link().window

    def session_opened(self, link: Link, online: Message) -> None:
        """Begin anew on a link. Raises BrokerUnreachable."""
        self._link = link
        self._state_token = None  # of the session before, where it got no answer
        self.publish_state(online)

    def session_ended(self, *, lost: bool) -> None:
        """Whatever was in flight will be sent again. `lost`: the session was not ended by this side."""
        worked = lost and self._link is not None and self.state_acked
        self._link = None
        self._replies.session_ended(worked=worked)
        if self._pictures is not None:
            self._pictures.session_ended(worked=worked)
        self._events.session_ended()
        self.counts.in_flight = 0

    def publish_state(self, message: Message) -> None:
        """Send a state message and watch for its PUBACK, if the broker takes one more. Raises BrokerUnreachable."""
        if not self.takes_state:
            log.warning("no room for the state message: the broker owes %d PUBACKs", self._owed)
            return
        self._silent_since_s = self._clock.now().mono_s
        self._state_token = self._open_link().publish(message)

    def publish_once(self, message: Message) -> None:
        """Send a QoS 0 message that may be lost. Raises BrokerUnreachable."""
        limit = self._open_link().max_packet_bytes
        if limit is not None and packet_bytes(message) > limit:
            log.warning("%s: %d bytes are more than the broker takes", message.topic, len(message.payload))
            return
        self._open_link().publish(message)

    def fill(self, *, pictures: bool = True) -> bool:
        """Send what is due, as far as the window allows.

        Args:
            pictures: whether these may be sent, too.

        Returns:
            False when no answer or event is in flight or waiting to be marked.

        Raises:
            BrokerUnreachable: the session is over, or the broker owes a PUBACK for too long.
        """
        self._events.mark_arrived()
        now_s = self._clock.now().mono_s
        if not self._flying and self.state_acked:
            self._silent_since_s = now_s
        self._send(self._open_link())
        if pictures and self._pictures is not None and self._quiet and not self._replies.waiting:
            self._pictures.fill(self._open_link())
        if self._owed and now_s - self._silent_since_s >= self._settings.ack_timeout_s:
            raise BrokerUnreachable(f"the broker acknowledged nothing for {self._settings.ack_timeout_s:g} s")
        self.counts.in_flight = self._events.flying
        return self._events.busy or self._replies.waiting > 0

    def take(self, news: Iterable[News]) -> None:
        """Act on what happened. Raises BrokerUnreachable when the session was lost, after acting on the rest."""
        lost = self._act_on(news)
        if lost is not None:
            raise BrokerUnreachable(lost.reason)

    def take_last(self) -> None:
        """Act on the answers that a lost session still holds: what they cover need not be sent again."""
        if self._link is not None:
            self._act_on(self._link.poll(0.0))

    @property
    def _flying(self) -> int:
        pictures = 0 if self._pictures is None else self._pictures.flying
        return self._events.flying + self._replies.flying + pictures

    @property
    def _owed(self) -> int:
        """Messages that the broker has not acknowledged, a state message among them."""
        return self._flying + (not self.state_acked)

    @property
    def _quiet(self) -> bool:
        """The session works and nothing is in flight: what is sent now is to blame if the session ends."""
        return self.state_acked and not self._flying

    def _room(self, link: Link) -> int:
        # One place is left for the state message, which says goodbye when everything else is stuck.
        window = max(1, min(self._settings.window, link.window - 1))
        return min(window, link.window if self.state_acked else link.window - 1) - self._flying

    def _send(self, link: Link) -> None:
        if self._events.on_trial:
            return
        self._replies.fill(link, self._room(link), quiet=self._quiet)
        if not self._replies.on_trial:
            self._events.fill(link, self._room(link), quiet=self._quiet)

    def _act_on(self, news: Iterable[News]) -> Lost | None:
        lost: Lost | None = None
        for event in news:
            self._silent_since_s = self._clock.now().mono_s
            if isinstance(event, Lost):
                lost = event
            elif isinstance(event, Received):
                self._events.mark_arrived()  # first, so that an acknowledgement covers what came in the same moment
                if self._inbox is not None:
                    self._inbox(event)
            elif isinstance(event, SubscriptionRefused):
                self._unheard(event)
            elif event.token == self._state_token:
                self._state_answered(event)
            else:
                self._answered(event)
        self._events.mark_arrived()
        self.counts.in_flight = self._events.flying
        return lost

    def _answered(self, answer: Acked) -> None:
        if self._replies.answered(answer) or self._events.answered(answer) or self._pictures is None:
            return
        self._pictures.answered(answer)

    def _unheard(self, refused: SubscriptionRefused) -> None:
        log.error("the broker lets this box not listen: %s; check its access list", refused.reason)
        if self._settings.require_ack:
            log.error("without the platform's acknowledgements delivery stops at %d events", self._settings.unacked)

    def _state_answered(self, answer: Acked) -> None:
        self._state_token = None
        if answer.error is not None:
            log.error("the broker does not take the state message: %s; check its access list", answer.error)

    def _open_link(self) -> Link:
        if self._link is None:
            raise BrokerUnreachable("there is no session")
        return self._link


def _lane(mail: PictureMail | None, clock: Clock, settings: DeliverySettings) -> PictureLane | None:
    if mail is None:
        return None
    return PictureLane(
        mail,
        clock,
        attempts=settings.attempts,
        first_wait_s=settings.first_postpone_s,
        longest_wait_s=settings.longest_postpone_s,
    )
