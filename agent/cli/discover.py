"""`cityeye discover`: which cameras are on the network, and what to write into the configuration about them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from ipaddress import IPv4Address
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len

from agent.cli.options import loaded, mistyped
from agent.cli.search_options import WAIT_S, allow_option, port_option, range_option, wait_option
from agent.cli.texts import Texts
from agent.config import Config
from agent.core.discovery import Allowed, Found, rtsp_urls, snippet
from agent.core.errors import RangeRefused

if TYPE_CHECKING:
    from agent.app.discover import Result, Search

_MAX_PORTS = 8


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("discover", help=say("discover.help"))
    def discover(
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help=say("discover.config"), metavar="FILE", show_default=False)
        ] = None,
        ranges: Annotated[list[str] | None, range_option(say)] = None,
        ports: Annotated[list[int] | None, port_option(say)] = None,
        allow: Annotated[list[Allowed] | None, allow_option(say)] = None,
        interface: Annotated[
            list[str] | None,
            typer.Option("--interface", help=say("discover.interface"), metavar="NAME", show_default=False),
        ] = None,
        address: Annotated[
            list[str] | None, typer.Option("--address", help=say("discover.address"), metavar="IP", show_default=False)
        ] = None,
        wait: Annotated[float, wait_option(say)] = WAIT_S,
        as_json: Annotated[bool, typer.Option("--json", help=say("check.json"))] = False,
        as_yaml: Annotated[bool, typer.Option("--yaml", help=say("discover.yaml"))] = False,
    ) -> None:
        from agent.adapters.discovery import PORTS
        from agent.app.discover import Search

        if as_json and as_yaml:
            raise _wrong(say("discover.one_form"))
        if not wait and not ranges:
            raise _wrong(say("discover.nothing_asked"))
        if ports and len(ports) > _MAX_PORTS:
            raise _wrong(say("discover.many_ports", most=_MAX_PORTS, found=len(ports)))
        settings = None if config is None else loaded(config, say, secrets=False)
        search = Search(
            senders=_senders(interface or [], address or [], say),
            wait_s=wait,
            addresses=_addresses(ranges or [], allow or [], say),
            ports=tuple(ports or PORTS),
        )
        if not search.senders and not ranges:
            typer.echo(say("discover.no_network"), err=True)
            raise typer.Exit(1)
        told = _Told(say, config, settings, search, ranged=bool(ranges))
        raise typer.Exit(told.tell("json" if as_json else "yaml" if as_yaml else "table"))


def _wrong(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)


def _senders(names: Sequence[str], addresses: Sequence[str], say: Texts) -> tuple[IPv4Address, ...]:
    """Own addresses to ask from; one that is not ours on standard error, and exit 2."""
    from agent.adapters.discovery import local_interfaces
    from agent.app.discover import senders

    interfaces = local_interfaces()
    for what, given, known in (
        ("--interface", names, [interface.name for interface in interfaces]),
        ("--address", addresses, [str(interface.address) for interface in interfaces]),
    ):
        for found in given:
            if found not in known:
                raise mistyped(what, found, known, say)
    return tuple(senders(interfaces, names, addresses))


def _addresses(ranges: Sequence[str], allow: Sequence[Allowed], say: Texts) -> tuple[IPv4Address, ...]:
    """What is in the ranges; one that is not asked on standard error, and exit 2."""
    from agent.app.discover import addresses

    try:
        return addresses(ranges, allow)
    except RangeRefused as error:
        raise _wrong(say(f"discover.refused.{error.code}", **error.values)) from error


class _Told:
    """Looks, and tells what was found in one of three forms."""

    def __init__(self, say: Texts, file: Path | None, config: Config | None, search: "Search", *, ranged: bool) -> None:
        from agent.app.discover import configured

        self.say = say
        self._file = file
        self._config = config
        self._search = search
        self._ranged = ranged
        self._configured = configured(config)

    def tell(self, form: str) -> int:
        """Returns the exit code: 0 when something was found."""
        from agent.app.discover import find

        if form == "table" and self._ranged:
            count = len(self._search.addresses)
            typer.echo(self.say("discover.asking", count=count), err=True)
        result = find(self._search)
        if form == "json":
            typer.echo(json.dumps(self._data(result), ensure_ascii=False, indent=2))
        elif form == "yaml":
            self._yaml(result)
        else:
            typer.echo("\n".join(chain(self._lines(result), self._notes(result), [self._next(result)])))
        return 0 if result.devices else 1

    def _new(self, result: "Result") -> list[Found]:
        return [found for found in result.devices if found.address not in self._configured]

    def _yaml(self, result: "Result") -> None:
        """Only the lines on standard output, so that they can be appended to a file."""
        taken = [] if self._config is None else [camera.id for camera in self._config.cameras]
        typer.echo(snippet(self._new(result), taken), nl=False)
        for line in (*self._notes(result), self._next(result, pasted=True)):
            typer.echo(line, err=True)

    def _data(self, result: "Result") -> dict[str, Any]:
        devices = [
            {
                **asdict(found),
                "urls": rtsp_urls(found),
                "configured_as": self._configured.get(found.address, []) if self._config is not None else None,
            }
            for found in result.devices
        ]
        return {
            "devices": devices,
            "others": result.others,
            "unreadable": result.unreadable,
            "failed": [{"address": address, "reason": reason} for address, reason in result.failed],
            "next": self._next(result),
        }

    def _lines(self, result: "Result") -> Iterator[str]:
        """The table: one line for each device, and below it the addresses to try, whole, to be copied."""
        yield self.say("discover.found", count=len(result.devices))
        if not result.devices:
            return
        keys = ("address", "maker", "model", "name", "ways") + (("configured",) if self._config is not None else ())
        rows = [[self.say(f"discover.column.{key}") for key in keys]]
        for found in result.devices:
            ids = self._configured.get(found.address, [])
            cells = [found.address, found.maker, found.model, found.name, ", ".join(found.ways), ", ".join(ids)]
            rows.append([cell or "-" for cell in cells[: len(keys)]])
        table = aligned(rows)
        yield next(table)
        for found, line in zip(result.devices, table, strict=True):
            yield line
            yield from (f"    {url}" for url in rtsp_urls(found))

    def _notes(self, result: "Result") -> Iterator[str]:
        for address, reason in result.failed:
            yield self.say("discover.failed", address=address, reason=reason)
        if result.others:
            yield self.say("discover.others", count=result.others)
        if result.unreadable:
            yield self.say("discover.unreadable", count=result.unreadable)

    def _next(self, result: "Result", *, pasted: bool = False) -> str:
        """What to do now."""
        if not result.devices:
            return self.say("discover.next.look") if self._ranged else self.say("discover.next.range")
        file = "FILE" if self._file is None else str(self._file)
        if not self._new(result):
            return self.say("discover.next.doctor", file=file)
        return self.say("discover.next.check", file=file) if pasted else self.say("discover.next.paste", file=file)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines; Chinese characters are two columns wide."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        yield line.rstrip()
