"""Looking for cameras while `cityeye init` asks: as `cityeye discover` does it, with a numbered list."""

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from agent.cli.asking import Terminal, narrow
from agent.cli.discover import aligned
from agent.cli.texts import Texts
from agent.core.discovery import Allowed, Found
from agent.core.errors import RangeRefused

_COLUMNS = ("address", "maker", "model", "name", "ways")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where to look: by multicast for so long, and at these ranges and ports. Without ports the usual ones."""

    wait_s: float
    ranges: tuple[str, ...]
    allow: tuple[Allowed, ...]
    ports: tuple[int, ...]


class Finder:
    """Looks, and shows what is there; never with a login."""

    def __init__(self, where: Where, say: Texts) -> None:
        self._where = where
        self._ranges = where.ranges
        self.say = say
        self._asked_all = False

    def refusal(self, ranges: Sequence[str]) -> str | None:
        """Why these ranges are not asked, or None."""
        from agent.app.discover import addresses

        try:
            addresses(ranges, self._where.allow)
        except RangeRefused as error:
            return self.say(f"discover.refused.{error.code}", **error.values)
        return None

    def look(self) -> tuple[Found, ...]:
        """Once by multicast, and at the ranges that were named."""
        from agent.adapters.discovery import PORTS, local_interfaces
        from agent.app.discover import Search, addresses, find, senders

        wait_s = 0.0 if self._asked_all else self._where.wait_s
        self._asked_all = True
        asked = addresses(self._ranges, self._where.allow)
        typer.echo(self.say("init.looking", seconds=wait_s, count=len(asked)))
        result = find(
            Search(
                senders=tuple(senders(local_interfaces(), (), ())),
                wait_s=wait_s,
                addresses=asked,
                ports=self._where.ports or PORTS,
            )
        )
        for address, reason in result.failed:
            typer.echo(self.say("discover.failed", address=address, reason=reason))
        self._show(result.devices)
        return result.devices

    def asked_for_range(self, terminal: Terminal) -> bool:
        """Ask where else to look; False when nowhere."""

        def judge(answer: str) -> list[str]:
            self._ranges = tuple(narrow(answer).split())
            refusal = self.refusal(self._ranges)
            return [] if refusal is None else [refusal]

        terminal.ask(self.say("init.ask.range"), judge)
        return bool(self._ranges)

    def _show(self, devices: Sequence[Found]) -> None:
        typer.echo(self.say("discover.found", count=len(devices)))
        if not devices:
            return
        rows = [["", *(self.say(f"discover.column.{key}") for key in _COLUMNS)]]
        for number, found in enumerate(devices, 1):
            cells = (found.address, found.maker, found.model, found.name, ", ".join(found.ways))
            rows.append([str(number), *(cell or "-" for cell in cells)])
        typer.echo("\n".join(f"  {line}" for line in aligned(rows)))
