"""The bookkeeping of one outbox over its sessions: what is in flight, what failed, what has to wait."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.core.errors import BrokerUnreachable, StoreFull
from agent.core.types import Envelope, Message, Stamp
from agent.core.wire import packet_bytes
from agent.ports import Acked, Clock, Link, Lost, News, Outbox, Received, SubscriptionRefused

log = logging.getLogger(__name__)

_STORE_PAUSE_S = 5.0
"""How long nothing is sent after the outbox could not be written: its rows would only be sent again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """Times in seconds.

    Attributes:
        window: most messages in flight; the broker's receive maximum may be less.
        ack_timeout_s: a broker that owes a PUBACK for so long is taken for lost.
        attempts: after so many refusals that lie in the message itself a row is set aside. A refusal for other reasons
            (rights, quota) is tried again for ever, since the centre may mend it at any time.
        require_ack: a row is done when the platform says so, not when the broker has it.
        resend_after_s: if it does not, the row is sent again after that time, then after twice that, and so on.
        unacked: most rows that wait for the platform's word. Brokers drop silently what waits beyond a thousand.
    """

    window: int = 20
    ack_timeout_s: float = 60.0
    first_postpone_s: float = 5.0
    longest_postpone_s: float = 600.0
    attempts: int = 10
    require_ack: bool = False
    resend_after_s: float = 60.0
    unacked: int = 500


@dataclass(slots=True)
class Counts:
    """Since the agent started, apart from `in_flight`."""

    in_flight: int = 0
    sent: int = 0
    postponed: int = 0
    set_aside: int = 0


class Delivery:
    """Decides what to send next, and what an answer means. Used by the courier's thread alone.

    Order: rows leave in sequence order, and no row leaves while another of its incident is in flight; so a row that is
    refused and postponed is never overtaken by a later one of its incident.

    A row on which the broker hangs up would end every session and hold up all others (a broker of 3.1.1 cannot tell
    its packet limit). So after a loss with rows in flight the first row goes alone; when the session worked before (the
    state message was answered) and is lost again with this row alone, the row counts as refused.
    """

    def __init__(
        self, outbox: Outbox, clock: Clock, settings: DeliverySettings, inbox: Callable[[Received], None] | None = None
    ) -> None:
        """`inbox` takes what the centre sends, at once and without raising."""
        self._outbox = outbox
        self._clock = clock
        self._settings = settings
        self._inbox = inbox
        self.counts = Counts()
        self._link: Link | None = None
        self._flying: dict[int, Envelope] = {}
        self._arrived: list[int] = []
        self._state_token: int | None = None
        self._probing = False
        self._silent_since_s = 0.0
        self._paused_until_s = 0.0

    @property
    def state_acked(self) -> bool:
        """Whether the broker answered the last state message, be it with an error."""
        return self._state_token is None

    def session_opened(self, link: Link, online: Message) -> None:
        """Begin anew on a link. Raises BrokerUnreachable."""
        self._link = link
        self.publish_state(online)

    def session_ended(self) -> None:
        """Whatever was in flight will be sent again; a row that ended the session alone counts as refused."""
        flying = list(self._flying.values())
        self._flying.clear()
        self.counts.in_flight = 0
        self._link = None
        self._mark_arrived()
        if self._probing and len(flying) == 1:  # which was sent after the state message was answered
            self._refused(flying[0], "the session was lost each time this row was sent", unfit=True)
            self._probing = False
        elif flying:
            self._probing = True

    def publish_state(self, message: Message) -> None:
        """Send a state message and watch for its PUBACK, if the broker takes one more. Raises BrokerUnreachable."""
        if len(self._flying) >= self._open_link().window:
            log.warning("no room for the state message: the broker owes %d PUBACKs", len(self._flying))
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

    def fill(self) -> bool:
        """Send what is due, as far as the window allows; False when nothing is in flight or waiting to be marked.

        Raises:
            BrokerUnreachable: the session is over, or the broker owes a PUBACK for too long.
        """
        self._mark_arrived()
        now = self._clock.now()
        if now.mono_s >= self._paused_until_s and (self.state_acked or not self._probing):
            self._send_due(now, self._open_link())
        owed = bool(self._flying) or not self.state_acked
        if owed and now.mono_s - self._silent_since_s >= self._settings.ack_timeout_s:
            raise BrokerUnreachable(f"the broker acknowledged nothing for {self._settings.ack_timeout_s:g} s")
        self.counts.in_flight = len(self._flying)
        return bool(self._flying or self._arrived)

    def take(self, news: Iterable[News]) -> None:
        """Act on what happened. Raises BrokerUnreachable when the session was lost, after acting on the rest."""
        lost = self._act_on(news)
        if lost is not None:
            raise BrokerUnreachable(lost.reason)

    def take_last(self) -> None:
        """Act on the answers that a lost session still holds: what they cover need not be sent again."""
        if self._link is not None:
            self._act_on(self._link.poll(0.0))

    def _act_on(self, news: Iterable[News]) -> Lost | None:
        lost: Lost | None = None
        for event in news:
            self._silent_since_s = self._clock.now().mono_s
            if isinstance(event, Lost):
                lost = event
            elif isinstance(event, Received):
                self._mark_arrived()  # first, so that an acknowledgement covers what came in the same moment
                if self._inbox is not None:
                    self._inbox(event)
            elif isinstance(event, SubscriptionRefused):
                log.error("the broker lets this box not listen: %s; check its access list", event.reason)
                if self._settings.require_ack:
                    log.error(
                        "without the platform's acknowledgements delivery stops at %d events", self._settings.unacked
                    )
            elif event.token == self._state_token:
                self._state_answered(event)
            elif (envelope := self._flying.pop(event.token, None)) is not None:
                self._answered(envelope, event)
        self._mark_arrived()
        self.counts.in_flight = len(self._flying)
        return lost

    def _open_link(self) -> Link:
        if self._link is None:
            raise BrokerUnreachable("there is no session")
        return self._link

    def _send_due(self, now: Stamp, link: Link) -> None:
        # One place is left for the state message, which says goodbye when everything else is stuck.
        window = 1 if self._probing else max(1, min(self._settings.window, link.window - 1))
        room = min(window, link.window if self.state_acked else link.window - 1) - len(self._flying)
        if room <= 0:
            return
        fresh, highest = room, 0  # without the platform's word the window alone bounds what is under way
        if self._settings.require_ack:
            fresh = self._settings.unacked - self._outbox.unacked()
            highest = self._outbox.highest_unacked()
        rows = {envelope.row for envelope in self._flying.values()}
        keys = {envelope.order_key for envelope in self._flying.values()}
        for envelope in self._outbox.due(now, window):
            if envelope.row in rows:
                continue
            is_new = envelope.sequence > highest  # what lies before was refused once, or is missed by the platform
            if envelope.order_key in keys or room == 0 or (fresh <= 0 and is_new):
                break
            if self._fits(envelope, link):
                self._send(envelope, link)
                keys.add(envelope.order_key)
                room -= 1
                fresh -= is_new

    def _send(self, envelope: Envelope, link: Link) -> None:
        if not self._flying:
            self._silent_since_s = self._clock.now().mono_s
        self._flying[link.publish(envelope.message)] = envelope

    def _fits(self, envelope: Envelope, link: Link) -> bool:
        limit = link.max_packet_bytes
        size = packet_bytes(envelope.message)
        if limit is None or size <= limit:
            return True
        self._set_aside(envelope, f"{size} bytes, but the broker takes packets of {limit} bytes at most")
        return False

    def _state_answered(self, answer: Acked) -> None:
        self._state_token = None
        if answer.error is not None:
            log.error("the broker does not take the state message: %s; check its access list", answer.error)

    def _answered(self, envelope: Envelope, answer: Acked) -> None:
        self._probing = False
        if answer.error is None:
            self.counts.sent += 1
            self._arrived.append(envelope.row)
        else:
            self._refused(envelope, answer.error, unfit=answer.unfit)

    def _refused(self, envelope: Envelope, reason: str, *, unfit: bool) -> None:
        if unfit and envelope.attempts + 1 >= self._settings.attempts:
            self._set_aside(envelope, f"{reason} ({envelope.attempts + 1} attempts)")
            return
        doublings = min(envelope.attempts, 20)
        wait_s = min(self._settings.longest_postpone_s, self._settings.first_postpone_s * 2.0**doublings)
        if envelope.attempts == 0:
            log.warning("event %d was refused, trying again later: %s", envelope.sequence, reason)
        try:
            self._outbox.postpone(envelope.row, self._clock.now().utc.timestamp() + wait_s)
        except StoreFull as error:
            self._pause(error)
        self.counts.postponed += 1

    def _set_aside(self, envelope: Envelope, reason: str) -> None:
        log.error("event %d was set aside and needs a person: %s", envelope.sequence, reason)
        try:
            self._outbox.set_aside(envelope.row, reason)
        except StoreFull as error:
            self._pause(error)
            return
        self.counts.set_aside += 1

    def _mark_arrived(self) -> None:
        if not self._arrived or self._clock.now().mono_s < self._paused_until_s:
            return
        try:
            if self._settings.require_ack:
                at_utc_s = self._clock.now().utc.timestamp()
                self._outbox.sent(self._arrived, at_utc_s, self._settings.resend_after_s)
            else:
                self._outbox.done(self._arrived)
        except StoreFull as error:
            self._pause(error)
            return
        self._arrived = []

    def _pause(self, error: StoreFull) -> None:
        log.error("delivery pauses for %g s: %s", _STORE_PAUSE_S, error)
        self._paused_until_s = self._clock.now().mono_s + _STORE_PAUSE_S
