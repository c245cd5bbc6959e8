"""The pictures on their way out over MQTT: one at a time, and only when nothing else is to be sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from agent.core.errors import StoreFull
from agent.core.types import Evidence, Message
from agent.core.wire import packet_bytes
from agent.ports import Acked, Clock, Link, Parcel, Parcels

log = logging.getLogger(__name__)

_DROPS_AT_ONCE = 10
"""Pictures that are given up in one go, so that a long list of lost files does not keep an event waiting."""
_AFTER_LOSS_S = 60.0
"""Rest after a picture was given up for the sessions that it ended: long enough for a session to count as settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMail:
    """What is to be sent, and how it becomes a message.

    Attributes:
        read: the bytes of a kept picture, or None when they are gone.
        pack: the message of a picture; raises ValueError where no packet takes it.
    """

    parcels: Parcels
    read: Callable[[Evidence], bytes | None]
    pack: Callable[[Parcel, bytes], Message]


@dataclass(frozen=True, slots=True)
class _Flying:
    token: int
    parcel: Parcel
    size: int


class PictureLane:
    """Used by the courier's thread alone.

    A refusal that says nothing about the picture (rights, quota) would meet every other one as well, at the cost of
    megabytes: all wait, and the same one is tried again, for ever. What the broker calls unfit is tried a few times.

    A broker that hangs up at a picture (one of 3.1.1 cannot tell its packet limit) does so at every one of that size.
    So after one was given up for that, those as large are tried once each, until the broker takes one; and after each
    loss all wait, so that events get through.
    """

    def __init__(
        self, mail: PictureMail, clock: Clock, *, attempts: int, first_wait_s: float, longest_wait_s: float
    ) -> None:
        """Waits double from the first to the longest; the broker taking a picture ends them."""
        self._mail = mail
        self._clock = clock
        self._attempts = attempts
        self._first_wait_s = first_wait_s
        self._longest_wait_s = longest_wait_s
        self._flying: _Flying | None = None
        self._failures = 0
        self._paused_until_s = 0.0
        self._fatal_bytes: int | None = None
        self._last_fault = ""

    @property
    def flying(self) -> int:
        """Pictures that the broker has not acknowledged: one or none."""
        return int(self._flying is not None)

    @property
    def fault(self) -> str | None:
        """What was last in the way of a picture, or None once one has arrived. Safe from any thread."""
        return self._last_fault or None

    def fill(self, link: Link) -> None:
        """Send the next one, if it is time. To be called while nothing is in flight. Raises BrokerUnreachable."""
        now = self._clock.now()
        if self._flying is not None or now.mono_s < self._paused_until_s:
            return
        for parcel in self._mail.parcels.due(now, _DROPS_AT_ONCE):
            message = self._packed(parcel, link)
            if message is not None:
                token = link.publish(message)
                self._flying = _Flying(token, parcel, packet_bytes(message))
                return

    def answered(self, answer: Acked) -> bool:
        """Act on a PUBACK; False when it is for something else."""
        flying = self._flying
        if flying is None or answer.token != flying.token:
            return False
        self._flying = None
        if answer.error is None:
            self._arrived(flying)
            return True
        self._fault(answer.error)
        if answer.unfit:
            self._failed(flying.parcel, answer.error, self._attempts)
        else:
            self._pause()
        return True

    def session_ended(self, *, worked: bool) -> None:
        """What was in flight goes again. `worked`: the session was lost though it had taken something before."""
        flying, self._flying = self._flying, None
        if flying is None or not worked:
            return
        known = self._fatal_bytes is not None and flying.size >= self._fatal_bytes
        reason = f"the session was lost each time it was sent ({flying.size} bytes)"
        if self._failed(flying.parcel, reason, 1 if known else self._attempts):
            self._fatal_bytes = min(flying.size, self._fatal_bytes or flying.size)
            self._failures = 0
            self._paused_until_s = self._clock.now().mono_s + min(self._longest_wait_s, _AFTER_LOSS_S)
        else:
            self._pause()

    def _packed(self, parcel: Parcel, link: Link) -> Message | None:
        """The message, or None after the picture was given up because there can be none."""
        data = self._mail.read(parcel.picture)
        if data is None:
            self._drop(parcel, "the file is gone from the disk")
            return None
        try:
            message = self._mail.pack(parcel, data)
        except ValueError as error:
            self._drop(parcel, str(error))
            return None
        size, limit = packet_bytes(message), link.max_packet_bytes
        if limit is not None and size > limit:
            self._drop(parcel, f"{size} bytes, but the broker takes packets of {limit} bytes at most")
            return None
        return message

    def _arrived(self, flying: _Flying) -> None:
        self._failures = 0
        self._last_fault = ""
        if self._fatal_bytes is not None and flying.size >= self._fatal_bytes:
            self._fatal_bytes = None
        try:
            self._mail.parcels.done(flying.parcel.row)
        except StoreFull:
            self._pause()  # it will be sent a second time, which the centre can tell by its id

    def _failed(self, parcel: Parcel, reason: str, attempts: int) -> bool:
        """Count a failure of this picture; returns whether it was given up."""
        if parcel.attempts + 1 >= attempts:
            self._drop(parcel, f"{reason}; {parcel.attempts + 1} attempts")
            return True
        wait_s = min(self._longest_wait_s, self._first_wait_s * 2.0**parcel.attempts)
        try:
            self._mail.parcels.postpone(parcel.row, self._clock.now().utc.timestamp() + wait_s)
        except StoreFull:
            self._pause()
        return False

    def _drop(self, parcel: Parcel, reason: str) -> None:
        self._fault(f"given up: {reason}")
        log.debug("picture %s was given up: %s", parcel.picture.path, reason)
        try:
            self._mail.parcels.drop(parcel.row)
        except StoreFull:
            self._pause()

    def _pause(self) -> None:
        wait_s = min(self._longest_wait_s, self._first_wait_s * 2.0 ** min(self._failures, 20))
        self._failures += 1
        self._paused_until_s = self._clock.now().mono_s + wait_s

    def _fault(self, reason: str) -> None:
        """Say a trouble when it begins; the count of those that were given up is in `health`."""
        if not self._last_fault:
            log.warning("a picture could not be sent (more such are only counted): %s", reason)
        self._last_fault = reason
