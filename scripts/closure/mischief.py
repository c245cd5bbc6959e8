"""A centre that does it wrong, to test boxes with. None of this belongs into a platform."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from .contract import ack, command, written

KINDS = ("slow", "duplicates", "bad-json", "reboots", "late-acks", "wrong-acks", "retained")
FAR = 10**19
"""A sequence that no box has reached."""


@dataclass
class Mischief:
    """What goes wrong, how often (`every_s`), and how late (`late_s`). The same seed, the same nonsense."""

    kinds: frozenset[str] = frozenset()
    every_s: float = 5.0
    late_s: float = 5.0
    seed: int = 1
    _random: random.Random = field(init=False)
    _due_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := self.kinds - set(KINDS):
            raise ValueError(f"--misbehave: expected some of {', '.join(KINDS)}, found {', '.join(sorted(unknown))}")
        self._random = random.Random(self.seed)

    def confirm_after_s(self) -> float:
        """slow: PUBACK comes long after the commit."""
        return self.late_s if "slow" in self.kinds else 0.0

    def ack_after_s(self) -> float:
        """late-acks: by then a higher one may have been sent."""
        return self._random.uniform(0, self.late_s) if "late-acks" in self.kinds else 0.0

    def copies(self) -> int:
        """duplicates: the same command, the same id, more than once."""
        return 3 if "duplicates" in self.kinds else 1

    def retains(self) -> bool:
        """retained: commands and acks that come again at every connection of the box."""
        return "retained" in self.kinds

    def is_due(self, kind: str, now: float) -> bool:
        """Whether it is time again for this kind (`kind@box`: for that box); first one period after the start."""
        if kind.partition("@")[0] not in self.kinds:
            return False
        due_at = self._due_at.setdefault(kind, now + self.every_s)
        if now < due_at:
            return False
        self._due_at[kind] = now + self.every_s
        return True

    def nonsense(self, source: str, now: float) -> Iterable[tuple[str, bytes]]:
        """(topic kind, payload) of what is sent to a box besides, and must do nothing there."""
        ping = written(command("ping", 60.0))
        if self.is_due(f"bad-json@{source}", now):
            yield (
                self._random.choice(("cmd", "ack")),
                self._random.choice(
                    (
                        b"",
                        b"{",
                        b"\xff\xfe",
                        b"null",
                        b"[]",
                        b'{"sequence": NaN}',
                        b"[" * 5000,
                        ping[: len(ping) // 2],
                        ping.replace(b'"ping"', b'"format.disk"'),
                        ping[:-1] + b', "id": "twice"}',
                        b'{"sequence": "00000000000000000001", "surprise": 1}',
                        b'{"pad": "' + b"x" * 300_000 + b'"}',
                    )
                ),
            )
        if self.is_due(f"wrong-acks@{source}", now):
            yield (
                "ack",
                self._random.choice(
                    (
                        ack(source, FAR),
                        ack("/cityeye/nobody/nowhere", 1),
                        b'{"sequence": 1}',
                        b'{"sequence": "1"}',
                        ack(source, 1, [(5, 9)]),
                        ack(source, 9, [(9, 5)]),
                        ack(source, 0),
                    )
                ),
            )
