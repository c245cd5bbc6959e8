"""The events on their way out: what is in flight, what failed, what has to wait."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from agent.core.errors import StoreFull
from agent.core.types import Envelope, Stamp
from agent.core.wire import packet_bytes
from agent.ports import Acked, Clock, Link, Outbox

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


class EventLane:
    """The rows of the outbox, over all sessions. Used by the courier's thread alone.

    Order: rows leave in sequence order, and no row leaves while another of its incident is in flight; so a row that is
    refused and postponed is never overtaken by a later one of its incident.

    A row on which the broker hangs up would end every session and hold up all others (a broker of 3.1.1 cannot tell
    its packet limit). So after a loss with rows in flight the first row goes alone; when the session worked before (the
    state message was answered) and is lost again with this row alone, the row counts as refused.
    """

    def __init__(self, outbox: Outbox, clock: Clock, settings: DeliverySettings) -> None:
        self._outbox = outbox
        self._clock = clock
        self._settings = settings
        self.counts = Counts()
        self._flying: dict[int, Envelope] = {}
        self._arrived: list[int] = []
        self._probing = False
        self._paused_until_s = 0.0

    @property
    def flying(self) -> int:
        """Rows that the broker has not acknowledged."""
        return len(self._flying)

    @property
    def on_trial(self) -> bool:
        """A row is in flight that has to be there alone."""
        return self._probing and bool(self._flying)

    @property
    def busy(self) -> bool:
        """Something is in flight, or has arrived and was not marked yet."""
        return bool(self._flying or self._arrived)

    def fill(self, link: Link, room: int, *, quiet: bool) -> None:
        """Send what is due, at most `room`. `quiet`: the session works, and nothing is in flight.

        Raises: BrokerUnreachable.
        """
        now = self._clock.now()
        if room <= 0 or now.mono_s < self._paused_until_s or (self._probing and not quiet):
            return
        self._send_due(now, link, 1 if self._probing else room)

    def answered(self, answer: Acked) -> bool:
        """Act on a PUBACK; False when it is for something else."""
        envelope = self._flying.pop(answer.token, None)
        if envelope is None:
            return False
        self._probing = False
        if answer.error is None:
            self.counts.sent += 1
            self._arrived.append(envelope.row)
        else:
            self._refused(envelope, answer.error, unfit=answer.unfit)
        return True

    def session_ended(self) -> None:
        """Whatever was in flight will be sent again; a row that ended the session alone counts as refused."""
        flying = list(self._flying.values())
        self._flying.clear()
        self.mark_arrived()
        if self._probing and len(flying) == 1:  # which was sent after the state message was answered
            self._refused(flying[0], "the session was lost each time this row was sent", unfit=True)
            self._probing = False
        elif flying:
            self._probing = True

    def mark_arrived(self) -> None:
        """Note in the outbox what arrived; what cannot be noted now is noted later."""
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

    def _send_due(self, now: Stamp, link: Link, room: int) -> None:
        fresh, highest = room, 0  # without the platform's word the window alone bounds what is under way
        if self._settings.require_ack:
            fresh = self._settings.unacked - self._outbox.unacked()
            highest = self._outbox.highest_unacked()
        rows = {envelope.row for envelope in self._flying.values()}
        keys = {envelope.order_key for envelope in self._flying.values()}
        for envelope in self._outbox.due(now, room + len(rows)):
            if envelope.row in rows:
                continue
            is_new = envelope.sequence > highest  # what lies before was refused once, or is missed by the platform
            if envelope.order_key in keys or room == 0 or (fresh <= 0 and is_new):
                break
            if self._fits(envelope, link):
                self._flying[link.publish(envelope.message)] = envelope
                keys.add(envelope.order_key)
                room -= 1
                fresh -= is_new

    def _fits(self, envelope: Envelope, link: Link) -> bool:
        limit = link.max_packet_bytes
        size = packet_bytes(envelope.message)
        if limit is None or size <= limit:
            return True
        self._set_aside(envelope, f"{size} bytes, but the broker takes packets of {limit} bytes at most")
        return False

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

    def _pause(self, error: StoreFull) -> None:
        log.error("delivery pauses for %g s: %s", _STORE_PAUSE_S, error)
        self._paused_until_s = self._clock.now().mono_s + _STORE_PAUSE_S
