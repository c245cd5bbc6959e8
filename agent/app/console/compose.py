"""All that the console shows, and the server that answers. One line for each slice."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute

from agent.adapters.audit import AuditFile
from agent.adapters.console_users import UsersFile
from agent.app.console.fate import record_fates
from agent.app.console.incidents import case_desk
from agent.app.console.numbers import figure_book
from agent.app.console.parts import Parts
from agent.app.console.teaching import teaching_of
from agent.app.console.wall import wall_of
from agent.app.console.whatif import KeptScores, ProcessTries
from agent.app.console.zones import ZoneDesk
from agent.app.patience import CONSOLE_S
from agent.app.places import AUDIT, CONSOLE_USERS
from agent.config.listen import split_listen
from agent.console.access import Gatekeeper
from agent.console.routes import incidents, numbers, teaching, wall, whatif, zones
from agent.console.server import ConsoleServer
from agent.console.sessions import Guesses, Sessions
from agent.console.site import site
from agent.runtime.supervisor import Supervisor


def routes_of(parts: Parts) -> Sequence[BaseRoute]:
    """The routes of every slice."""
    return [
        *incidents.routes(case_desk(parts, KeptScores(parts.config.storage.folder))),
        *numbers.routes(figure_book(parts)),
        *wall.routes(wall_of(parts)),
        *teaching.routes(teaching_of(parts)),
        *zones.routes(ZoneDesk(parts.reloader, parts.site, parts.clock)),
        *whatif.routes(ProcessTries(parts.site, parts.config.storage.folder)),
    ]


def serve(delivery: Supervisor, parts: Parts) -> None:
    """Answer browsers from now on, in a loop of the agent, where the configuration says so."""
    console = parts.config.console
    place = split_listen(console.listen)
    if place is None:
        return
    folder = parts.config.storage.folder
    audit = AuditFile(folder / AUDIT)
    audit.complete(parts.clock.now().utc)
    record_fates(parts.reloader, audit, parts.clock)
    gatekeeper = Gatekeeper(
        users=UsersFile(folder / CONSOLE_USERS),
        audit=audit,
        clock=parts.clock,
        sessions=Sessions(console.session),
        guesses=Guesses(),
        local=ipaddress.ip_address(place[0]).is_loopback,
        secure=console.tls is not None,
        time_zone=parts.config.box.time_zone,
    )
    tls = (console.tls.cert_file, console.tls.key_file) if console.tls else None
    app = partial(site, gatekeeper, parts.feed, routes_of(parts))
    server = ConsoleServer(place, gatekeeper, parts.feed, app, tls=tls)
    delivery.start("console", server.run, silence_s=CONSOLE_S)
