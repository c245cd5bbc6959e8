"""The command line: `watch`, or one command to one box."""

from __future__ import annotations

import argparse
import json
import os
import signal
import ssl
import sys
import time
from pathlib import Path
from typing import Any

from paho.mqtt.enums import MQTTProtocolVersion

from .ask import NoAnswer, ask
from .board import Board, LiveBoard
from .books import Books
from .centre import AckPlan, Acks, Centre
from .contract import Contract, command
from .crew import Crew, CrewPlan
from .line import Address
from .mischief import KINDS, Mischief

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "contract"
DONE, REJECTED, USAGE, NO_ANSWER = 0, 1, 2, 3
PATIENCE_S = {"verify": 150.0, "snapshot": 60.0, "restart": 60.0, "config-put": 300.0}
"""How long these answers may take: looks that must agree, the next picture, a new start, a probation of 2 minutes."""
VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


def parser() -> argparse.ArgumentParser:
    """Everything that can be said to the simulator."""
    top = argparse.ArgumentParser(
        prog="closure_simulator.py",
        description="The reference consumer of City Eye's contract (docs/contract/simulator.md).",
        epilog=f"Exit code of a command: {DONE} done, {REJECTED} rejected, {USAGE} usage, {NO_ANSWER} no answer.",
    )
    top.add_argument("--host", default="127.0.0.1")
    top.add_argument("--port", type=int, default=1883)
    top.add_argument("--tenant", default="default")
    top.add_argument("--client-id", default="cityeye-centre", help="names our session at the broker (%(default)s)")
    top.add_argument("--username")
    top.add_argument("--password-env", metavar="NAME", help="environment variable that holds the password")
    top.add_argument("--tls", action="store_true", help="TLS; implied by --ca-file and --cert-file")
    top.add_argument("--ca-file", type=Path, help="authorities to trust (default: the system's)")
    top.add_argument("--cert-file", type=Path, help="our certificate")
    top.add_argument("--key-file", type=Path, help="its key")
    top.add_argument("--mqtt", choices=VERSIONS, default="5")
    top.add_argument("--db", type=Path, default=Path("closure.db"), help="the books (%(default)s)")
    top.add_argument("--schemas", type=Path, default=SCHEMAS, help="folder of the *.schema.json")
    does = top.add_subparsers(dest="do", required=True, metavar="COMMAND")
    _add_watch(does.add_parser("watch", help="receive, store, acknowledge, dispatch"))

    def one(name: str, what: str) -> argparse.ArgumentParser:
        sub = does.add_parser(name, help=what)
        sub.add_argument("--box", help="which box; for an incident that is in --db it is looked up")
        sub.add_argument(
            "--timeout", type=float, default=PATIENCE_S.get(name, 30.0), metavar="S", help="(default: %(default)s)"
        )
        return sub

    for name, what in (
        ("verify", "look again"),
        ("acknowledge", "a person has taken notice"),
        ("dismiss", "no incident"),
    ):
        sub = one(name, what)
        sub.add_argument("incident", help="its id; the end of it will do where it is in --db")
        if name == "dismiss":
            sub.add_argument("--reason", choices=("false_report", "tolerated"))
            sub.add_argument("--until", help="RFC 3339; default: for ever")
            sub.add_argument("--undo", action="store_const", const=True)
        if name != "verify":
            sub.add_argument("--by")
            sub.add_argument("--note")
    one("snapshot", "one fresh picture").add_argument("camera")
    one("ping", "are you there?")
    one("restart", "stop in good order and start again")
    one("config-get", "the configuration in force")
    put = one("config-put", "put a configuration in force")
    put.add_argument("document", type=Path, metavar="FILE")
    put.add_argument("--if-version")
    pause = one("pause", "report nothing for a while")
    for scope in ("camera", "zone", "rule"):
        pause.add_argument(f"--{scope}")
    length = pause.add_mutually_exclusive_group(required=True)
    length.add_argument("--seconds", type=int, help="0 resumes")
    length.add_argument("--until", help="RFC 3339")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    top = parser()
    options = top.parse_args(arguments)
    try:
        return _watch(options) if options.do == "watch" else _ask(options)
    except (OSError, ValueError) as error:  # a file that is not there, a wrong option
        top.exit(USAGE, f"closure_simulator.py: {error}\n")


def _add_watch(watch: argparse.ArgumentParser) -> None:
    plan, crew, mischief = AckPlan(), CrewPlan(), Mischief()
    how = watch.add_mutually_exclusive_group()
    how.add_argument("--plain", action="store_true", help="a line for each message instead of the table")
    how.add_argument("--json", action="store_true", help="the same as JSON")
    watch.add_argument("--for", type=float, dest="length_s", metavar="S", help="end after S seconds")
    watch.add_argument("--no-ack", action="store_true")
    watch.add_argument("--ack-every", type=float, default=plan.every_s, metavar="S")
    watch.add_argument("--gap-after", type=float, default=plan.gap_after_s, metavar="S", help="then ask for it")
    watch.add_argument("--gap-again", type=float, default=plan.again_after_s, metavar="S", help="then ask again")
    watch.add_argument("--gap-asks", type=int, default=plan.asks, metavar="N", help="then take it as lost")
    watch.add_argument("--acknowledge-after", type=float, default=crew.acknowledge_after_s, metavar="S")
    watch.add_argument("--verify-after", type=float, default=crew.verify_after_s, metavar="S")
    watch.add_argument("--dismiss", choices=("false_report", "tolerated"), help="instead of verifying")
    watch.add_argument("--misbehave", default="", metavar="LIST", help=f"of {','.join(KINDS)}")
    watch.add_argument("--misbehave-every", type=float, default=mischief.every_s, metavar="S")
    watch.add_argument("--misbehave-late", type=float, default=mischief.late_s, metavar="S")
    watch.add_argument("--seed", type=int, default=mischief.seed)


def _watch(options: argparse.Namespace) -> int:
    contract, address = Contract(options.schemas), _address(options, options.client_id)
    kinds = frozenset(kind for kind in options.misbehave.split(",") if kind)
    mischief = Mischief(kinds, options.misbehave_every, options.misbehave_late, options.seed)
    every_s = None if options.no_ack else options.ack_every
    plan = AckPlan(every_s, options.gap_after, options.gap_again, options.gap_asks)
    crew = CrewPlan(options.acknowledge_after, options.verify_after, options.dismiss)
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stopped.append(number))
    until = None if options.length_s is None else time.monotonic() + options.length_s
    board = Board(as_json=options.json) if options.json or options.plain else LiveBoard()
    again = True
    try:
        while again:  # all that a run knows is in the books: a reboot is a new run
            books = Books(options.db)
            centre = Centre(
                address,
                options.tenant,
                books=books,
                contract=contract,
                acks=Acks(books, plan),
                crew=Crew(books, crew),
                board=board,
                mischief=mischief,
            )
            again = centre.run(until, stopped)
            books.close()
    finally:
        board.close()
    return DONE


def _ask(options: argparse.Namespace) -> int:
    box = _box(options)
    members = {key: getattr(options, key, None) for key in _MEMBERS}
    if options.do == "config-put":
        members["document"] = options.document.read_text(encoding="utf-8")
    lifetime_s = options.timeout + 60  # the box's clock may be ahead of ours
    body = command(_NAMES.get(options.do, options.do), lifetime_s, **members)
    try:
        answer = ask(
            _address(options, f"cityeye-ask-{os.getpid()}"),
            options.tenant,
            box,
            body,
            contract=Contract(options.schemas),
            timeout_s=options.timeout,
            begun=lambda: print("accepted", file=sys.stderr),
        )
    except NoAnswer as error:
        print(f"no answer: {error}", file=sys.stderr)
        return NO_ANSWER
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    return DONE if answer["status"] == "done" else REJECTED


_NAMES = {"config-get": "config.get", "config-put": "config.put", "pause": "rules.pause"}
_MEMBERS = (
    *("incident", "reason", "until", "undo", "by", "note", "camera", "zone", "rule", "seconds"),
    *("document", "if_version"),
)


def _box(options: argparse.Namespace) -> str:
    """Which box to ask; the end of an incident's id, as the table shows it, becomes the whole."""
    incident = getattr(options, "incident", None)
    if incident and options.db.exists():
        books = Books(options.db)
        known = books.find_incident(incident)
        books.close()
        if known:
            options.incident = known[1]
            return str(options.box or known[0].rpartition("/")[2])
    if options.box:
        return str(options.box)
    found = f"{incident} is not in {options.db}, or several end so" if incident else "none given"
    raise ValueError(f"--box: expected the box to ask; {found}")


def _address(options: argparse.Namespace, client_id: str) -> Address:
    tls: ssl.SSLContext | None = None
    if options.tls or options.ca_file or options.cert_file:
        tls = ssl.create_default_context(cafile=options.ca_file)
        if options.cert_file:
            tls.load_cert_chain(options.cert_file, options.key_file)
    password: str | None = None
    if options.password_env:
        password = os.environ.get(options.password_env)
        if password is None:
            raise ValueError(f"--password-env: expected the environment to hold {options.password_env}, it does not")
    given: dict[str, Any] = {"username": options.username, "password": password, "tls": tls}
    return Address(options.host, options.port, client_id, version=VERSIONS[options.mqtt], **given)
