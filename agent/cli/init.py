"""`cityeye init`: a first configuration, by questions on a terminal or by options, checked at once.

Everything is asked before anything is written. Exit codes: 0 written and well; 1 not written (it could not be, or
somebody ended it); 2 not written, wrong usage; 3 written, but something is to be mended; 130 Ctrl-C, not written.
"""

import getpass
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.adapters.machine import host_name, local_time_zone, may_write
from agent.cli.asking import EndOfAnswers, Terminal
from agent.cli.check import summary_lines
from agent.cli.init_cameras import Finder, Where
from agent.cli.init_flags import Flags, Wishes, first_offers, ids_of, put_defaults
from agent.cli.init_model import Detector
from agent.cli.options import failing
from agent.cli.search_options import WAIT_S, allow_option, port_option, range_option, wait_option
from agent.cli.texts import Texts
from agent.config.draft import Draft
from agent.config.kinds import ID_PATTERN
from agent.config.sections.box import BoxConfig
from agent.config.written import CameraNote
from agent.core.discovery import Allowed, is_recorder

_FILE = Path("street.yaml")
_UNWELL, _INTERRUPTED = 3, 130


def register(app: typer.Typer, say: Texts) -> None:
    """Add the command."""

    @app.command("init", help=say("init.help"))
    def init(  # nosec B107  # those name where a password is; empty: nowhere
        file: Annotated[Path, typer.Argument(help=say("init.file"), metavar="FILE")] = _FILE,
        box_id: Annotated[str, typer.Option("--box-id", help=say("init.box_id"))] = "",
        tenant: Annotated[str, typer.Option("--tenant", help=say("init.tenant"))] = "",
        time_zone: Annotated[str, typer.Option("--time-zone", help=say("init.time_zone"))] = "",
        location: Annotated[str, typer.Option("--location", help=say("init.location"), metavar="LON,LAT[,gcj02]")] = "",
        broker: Annotated[str, typer.Option("--broker", help=say("init.broker"), metavar="[mqtts://]HOST[:PORT]")] = "",
        broker_ca: Annotated[str, typer.Option("--broker-ca", help=say("init.broker_ca"), metavar="FILE")] = "",
        broker_cert: Annotated[str, typer.Option("--broker-cert", help=say("init.broker_cert"), metavar="FILE")] = "",
        broker_key: Annotated[str, typer.Option("--broker-key", help=say("init.broker_key"), metavar="FILE")] = "",
        broker_user: Annotated[str, typer.Option("--broker-user", help=say("init.broker_user"))] = "",
        broker_password: Annotated[
            str,
            typer.Option("--broker-password-from", help=say("init.password_option"), metavar="SOURCE"),
        ] = "",
        camera: Annotated[
            list[str] | None, typer.Option("--camera", help=say("init.camera"), metavar="NAME=URL", show_default=False)
        ] = None,
        cameras_from: Annotated[
            str, typer.Option("--cameras-from", help=say("init.cameras_from"), metavar="FILE")
        ] = "",
        camera_user: Annotated[str, typer.Option("--camera-user", help=say("init.camera_user"))] = "",
        camera_password: Annotated[
            str,
            typer.Option("--camera-password-from", help=say("init.password_option"), metavar="SOURCE"),
        ] = "",
        discover: Annotated[bool, typer.Option("--discover/--no-discover", help=say("init.discover"))] = True,
        ranges: Annotated[list[str] | None, range_option(say)] = None,
        ports: Annotated[list[int] | None, port_option(say)] = None,
        allow: Annotated[list[Allowed] | None, allow_option(say)] = None,
        wait: Annotated[float, wait_option(say)] = WAIT_S,
        model: Annotated[str, typer.Option("--model", help=say("init.model"), metavar="ID|FILE")] = "",
        mirror: Annotated[str, typer.Option("--mirror", help=say("models.mirror"), show_default=False)] = "",
        pull: Annotated[bool, typer.Option("--pull/--no-pull", help=say("init.pull"))] = True,
        doctor: Annotated[bool, typer.Option("--doctor/--no-doctor", help=say("init.doctor"))] = True,
        force: Annotated[bool, typer.Option("--force", help=say("init.force"))] = False,
        yes: Annotated[bool, typer.Option("--yes", "-y", help=say("init.yes"))] = False,
    ) -> None:
        wishes = Wishes(
            box_id=box_id,
            tenant=tenant,
            time_zone=time_zone,
            location=location,
            broker=broker,
            broker_ca=broker_ca,
            broker_cert=broker_cert,
            broker_key=broker_key,
            broker_user=broker_user,
            broker_password=broker_password,
            cameras=tuple(camera or ()),
            cameras_from=cameras_from,
            camera_user=camera_user,
            camera_password=camera_password,
        )
        named = bool(camera or cameras_from)
        where = Where(wait_s=wait, ranges=tuple(ranges or ()), allow=tuple(allow or ()), ports=tuple(ports or ()))
        draft = Draft(file, lang=say.lang)
        setup = _Setup(
            draft,
            wishes,
            finder=Finder(where, say) if discover and (ranges or not named) else None,
            detector=Detector(draft, wanted=model, mirror=mirror, fetch=pull, say=say),
            force=force,
            say=say,
        )
        setup.refuse_early(where.ranges)
        try:
            setup.fill(None if yes or not (sys.stdin.isatty() and sys.stdout.isatty()) else Terminal(say))
        except KeyboardInterrupt as error:
            typer.echo(f"\n{say('init.ended', file=file)}", err=True)
            raise typer.Exit(_INTERRUPTED) from error
        except EndOfAnswers as error:
            raise _told(say("init.ended", file=file), 1) from error
        except getpass.GetPassWarning as error:
            raise _told(say("init.cannot_hide", file=file), 1) from error
        raise typer.Exit(setup.write(doctor=doctor))


class _Setup:
    """From options and answers to a box that works."""

    def __init__(
        self, draft: Draft, wishes: Wishes, *, finder: Finder | None, detector: Detector, force: bool, say: Texts
    ) -> None:
        self._draft = draft
        self._flags = Flags(wishes, draft, say)
        self._wishes = wishes
        self._finder = finder
        self._detector = detector
        self._force = force
        self.say = say

    def refuse_early(self, ranges: tuple[str, ...]) -> None:
        """What would only come out after all the questions: exit 1 where nothing can be written, 2 for wrong usage."""
        say, file = self.say, self._draft.file
        for folder in (file.absolute().parent, self._draft.home):
            if not may_write(folder):
                raise _told(say("init.unwritable", file=folder), 1)
        if file.is_dir() or (file.exists() and not self._force):
            raise _told(say("init.exists", file=file), 2)
        if self._finder is not None and (refusal := self._finder.refusal(ranges)):
            raise _told(refusal, 2)
        if (fault := self._detector.check()) is not None:
            raise _told(fault, 2)
        self._flags.put()
        if self._flags.lines:
            raise _told("\n".join(self._flags.lines), 2)

    def fill(self, terminal: Terminal | None) -> None:
        """The rest of the draft: by questions, or without a terminal by defaults."""
        if terminal is not None:
            self._ask(terminal)
            return
        if missing := self._flags.missing():
            raise _told(self.say("init.missing", flags=", ".join(missing)), 2)
        put_defaults(self._draft, box_id=_default_id(), time_zone=local_time_zone())
        if self._finder is not None:
            self._take_all(self._finder)
        self._show()

    def write(self, *, doctor: bool) -> int:
        """Everything; returns the exit code."""
        from agent.app.setup import keep
        from agent.cli.doctor import examine

        say, file = self.say, self._draft.file
        with failing():
            self._detector.take_file()
            kept = keep(self._draft, force=self._force)
        if kept.backup is not None:
            typer.echo(say("init.backup", file=kept.backup))
        for secret in kept.secrets:
            typer.echo(say("init.secret", file=secret))
        typer.echo(say("init.written", file=file))
        try:
            well = self._detector.bring()
            if doctor:
                typer.echo()
                well = not examine(file, say) and well
        except KeyboardInterrupt:  # what is written stays, whatever was still to be looked at
            well = doctor = False
        typer.echo()
        self._next(well=well, looked=doctor)
        return 0 if well else _UNWELL

    def _ask(self, terminal: Terminal) -> None:
        from agent.cli.init_questions import Interview

        typer.echo(self.say("init.welcome", file=self._draft.file))
        interview = Interview(self._draft, self._wishes, self._flags.camera_login, terminal, self.say)
        interview.box(_default_id())
        put_defaults(self._draft, box_id=_default_id(), time_zone=local_time_zone())
        interview.broker()
        interview.cameras(self._finder)
        self._detector.ask(terminal)
        self._show()
        if not terminal.agrees(self.say("init.ask.write", file=self._draft.file)):
            raise EndOfAnswers

    def _take_all(self, finder: Finder) -> None:
        """Without questions: every device that was found, with the login that was given; none twice."""
        devices = finder.look()
        for offer in first_offers(devices, ids_of(self._draft)):
            self._draft.add_camera(
                {**offer.entry(), **self._flags.camera_login}, CameraNote(told=offer.told, others=offer.others)
            )
        for found in devices:
            if is_recorder(found):
                typer.echo(self.say("init.one_channel", address=found.address, model=found.model))

    def _show(self) -> None:
        """What will be written, in short."""
        report = self._draft.report()
        if report.config is None:  # each answer was judged, so this is a fault of ours; it must not be written
            raise _told("\n".join(map(str, report.problems)), 1)
        typer.echo()
        typer.echo("\n".join(summary_lines(report.config, self.say)))

    def _next(self, *, well: bool, looked: bool) -> None:
        say, file = self.say, shlex.quote(str(self._draft.file))
        if not looked:
            typer.echo(say("init.next.doctor", file=file))
        elif not well:
            typer.echo(say("init.next.mend", file=file))
        elif self._draft.data["cameras"]:
            typer.echo(say("init.next.zones", file=file))
        else:
            typer.echo(say("init.next.cameras", file=file))


def _default_id() -> str:
    """The machine's name where it can be an id."""
    made = re.sub(r"[^a-z0-9_-]+", "-", host_name().partition(".")[0].lower()).strip("-_")[:63]
    return made if re.fullmatch(ID_PATTERN, made) and made != "localhost" else str(BoxConfig.model_fields["id"].default)


def _told(text: str, code: int) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(code)
