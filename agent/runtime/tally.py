"""How many incidents were opened and closed in this run of the agent, by rule and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

from agent.core.types import Event, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCount:
    """Of one row of the taxonomy."""

    rule: str
    kind: str
    opened: int
    closed: int


class Tally:
    """Counts events once they are kept. Safe to call from several threads."""

    def __init__(self, kinds: Iterable[tuple[str, str]], kind_of: Callable[[Event], str]) -> None:
        """`kinds`: rule and kind of those that are counted from zero; `kind_of`: which kind an event is of."""
        self._lock = Lock()
        self._kinds = dict.fromkeys(kinds)
        self._kind_of = kind_of
        self._counted: Counter[tuple[str, str, Phase]] = Counter()

    def count(self, events: Sequence[Event]) -> None:
        """These events were kept, for the first time each."""
        with self._lock:
            for event in events:
                kind = self._kind_of(event)
                self._kinds[event.rule, kind] = None
                self._counted[event.rule, kind, event.phase] += 1

    def counts(self) -> list[IncidentCount]:
        """As of now."""
        with self._lock:
            return [
                IncidentCount(
                    rule=rule,
                    kind=kind,
                    opened=self._counted[rule, kind, Phase.OPENED],
                    closed=self._counted[rule, kind, Phase.CLOSED],
                )
                for rule, kind in self._kinds
            ]
