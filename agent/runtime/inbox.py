"""What the centre sends, sorted by topic. Called in the courier's thread: quick, and it never raises for a message."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent.core.errors import CommandRejected, StoreFull
from agent.core.wire import BoxFacts, parse_ack, topic
from agent.ports import Outbox, Received

log = logging.getLogger(__name__)


class Inbox:
    """Takes the platform's acknowledgements, and hands its commands on."""

    def __init__(
        self,
        outbox: Outbox,
        facts: BoxFacts,
        wake: Callable[[], None],
        command: Callable[[Received], None],
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """`wake`: something is to be sent again. `command`: takes a command, at once and without raising.

        `heard`: an acknowledgement came that is valid and of now.
        """
        self._outbox = outbox
        self._facts = facts
        self._wake = wake
        self._command = command
        self._heard = heard
        self._last_fault = ""

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (topic(self._facts, "ack"), topic(self._facts, "cmd"))

    def take(self, received: Received) -> None:
        """Act on a message. Raises StoreUnusable."""
        if received.topic == topic(self._facts, "cmd"):
            self._command(received)
            return
        if received.topic != topic(self._facts, "ack"):
            log.debug("%s: not for us", received.topic)
            return
        try:
            self._acknowledged(received)
            self._last_fault = ""
        except (CommandRejected, ValueError, StoreFull) as error:
            if str(error) != self._last_fault:  # a platform that does it wrong does it with every event
                log.warning("%s: an acknowledgement was ignored: %s", received.topic, error)
            self._last_fault = str(error)

    def _acknowledged(self, received: Received) -> None:
        if received.retained:
            raise ValueError("it was retained, and may be old; publish acknowledgements without the retain flag")
        ack = parse_ack(received.payload, self._facts)
        missing = [(int(part.first), int(part.last)) for part in ack.missing]
        self._outbox.acked(int(ack.sequence), missing)
        self._heard()
        if missing:
            log.info("the platform misses %d ranges of events: what is still kept of them is sent again", len(missing))
            self._wake()
