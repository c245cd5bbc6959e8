"""What the command line of `cityeye init` says, put into the draft; all that is wrong with it is told at once."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.app.setup import Offer, broker_of, free_id, from_file, from_flag, location_of, offers_of
from agent.cli.asking import narrow
from agent.cli.check import fault_lines
from agent.cli.texts import Texts
from agent.config.draft import Draft
from agent.config.sections.box import BoxConfig
from agent.config.written import CameraNote
from agent.core.discovery import Found, camera_ids
from agent.core.errors import Problem

SOURCES = ("env", "file", "credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options as they were given; empty where they were not."""

    box_id: str
    tenant: str
    time_zone: str
    location: str
    broker: str
    broker_ca: str
    broker_cert: str
    broker_key: str
    broker_user: str
    broker_password: str
    cameras: tuple[str, ...]
    cameras_from: str
    camera_user: str
    camera_password: str


class Flags:
    """Puts them in.

    Attributes:
        lines: what was wrong. camera_login: the keys that every camera gets.
    """

    def __init__(self, wishes: Wishes, draft: Draft, say: Texts) -> None:
        self.lines: list[str] = []
        self.camera_login: dict[str, object] = {}
        self._wishes = wishes
        self._draft = draft
        self.say = say

    def put(self) -> None:
        """All that were given."""
        wishes = self._wishes
        if wishes.box_id:
            self._put("--box-id", ("box", "id"), narrow(wishes.box_id))
        if wishes.tenant:
            self._put("--tenant", ("box", "tenant"), narrow(wishes.tenant))
        if wishes.time_zone:
            self._put("--time-zone", ("box", "time_zone"), wishes.time_zone)
        if wishes.location:
            self._put("--location", ("box", "location"), location_of(narrow(wishes.location)))
        self._broker()
        self._cameras()

    def missing(self) -> list[str]:
        """Options that nobody is there to be asked for."""
        wishes = self._wishes
        pairs = (
            ("--broker", bool(wishes.broker)),
            ("--broker-password-from", bool(wishes.broker_password) or not wishes.broker_user),
            ("--camera-password-from", bool(wishes.camera_password) or not wishes.camera_user),
        )
        return [name for name, there in pairs if not there]

    def _broker(self) -> None:
        wishes = self._wishes
        if wishes.broker:
            self._put("--broker", ("mqtt",), broker_of(narrow(wishes.broker)))
        files = {"ca_file": wishes.broker_ca, "cert_file": wishes.broker_cert, "key_file": wishes.broker_key}
        for key, path in files.items():
            if path:
                name = f"--broker-{key.removesuffix('_file')}"
                before = self._draft.at("mqtt", "tls")
                tls = before if isinstance(before, dict) else {}
                self._put(name, ("mqtt", "tls"), {**tls, key: seen_from_home(path, self._draft)})
                if ":" not in wishes.broker:
                    self._draft.put(("mqtt", "port"), 8883)
        if wishes.broker_user:
            self._put("--broker-user", ("mqtt", "username"), wishes.broker_user)
        if wishes.broker_password and (reference := self._reference("--broker-password-from", wishes.broker_password)):
            self._put("--broker-password-from", ("mqtt", "password"), reference)

    def _cameras(self) -> None:
        wishes = self._wishes
        if wishes.camera_user:
            self.camera_login["username"] = wishes.camera_user
        if wishes.camera_password:
            if not wishes.camera_user:
                self._tell("--camera-password-from", self.say("init.user_needed"))
            elif reference := self._reference("--camera-password-from", wishes.camera_password):
                self.camera_login["password"] = reference
        for text in wishes.cameras:
            self._add("--camera", from_flag(text, ids_of(self._draft)))
        for offer in self._listed():
            self._add("--cameras-from", offer)

    def _add(self, flag: str, offer: Offer) -> None:
        entry = {**offer.entry(), **(self.camera_login if offer.host else {})}
        note = CameraNote(told=offer.told, others=offer.others)
        self._complain(f"{flag} {offer.id}", self._draft.add_camera(entry, note))

    def _listed(self) -> list[Offer]:
        """The cameras of the file that --cameras-from names."""
        if not self._wishes.cameras_from:
            return []
        file = Path(self._wishes.cameras_from)
        try:
            listed = from_file(file.read_text(encoding="utf-8-sig"), ids_of(self._draft))
        except (OSError, ValueError) as error:
            found = getattr(error, "strerror", None) or str(error)
            self._tell("--cameras-from", self.say("init.cameras_from_wrong", file=file, found=found))
            return []
        devices = [item for item in listed if isinstance(item, Found)]
        offers = [item for item in listed if isinstance(item, Offer)]
        return offers + first_offers(devices, ids_of(self._draft))

    def _reference(self, flag: str, text: str) -> dict[str, str] | None:
        """`env:NAME` as the configuration writes it. What is something else is never shown: it may be the password."""
        source, mark, name = text.partition(":")
        if not mark or source not in SOURCES or not name:
            self._tell(flag, self.say("init.password_from"))
            return None
        reference = {source: seen_from_home(name, self._draft) if source == "file" else name}
        problems = self._draft.faults_of_reference(reference)
        self._complain(flag, problems)
        return None if problems else reference

    def _put(self, flag: str, path: tuple[str, ...], value: object) -> None:
        self._complain(flag, self._draft.put(path, value))

    def _tell(self, flag: str, text: str) -> None:
        self.lines += [flag, f"  {text}"]

    def _complain(self, flag: str, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self.lines += [flag, *fault_lines(problem, self.say)]


def put_defaults(draft: Draft, *, box_id: str, time_zone: str | None) -> None:
    """What was neither given nor asked for. `time_zone`: that of this machine, None where it is not known."""
    fields = BoxConfig.model_fields
    for key, value in (("id", box_id), ("tenant", fields["tenant"].default)):
        if draft.at("box", key) is None:
            draft.put(("box", key), value)
    if draft.at("box", "time_zone") is None and (time_zone is None or draft.put(("box", "time_zone"), time_zone)):
        draft.put(("box", "time_zone"), fields["time_zone"].default)


def ids_of(draft: Draft) -> list[str]:
    """Of the cameras that are in it."""
    return [camera["id"] for camera in draft.data["cameras"]]


def first_offers(devices: Sequence[Found], taken: Sequence[str]) -> list[Offer]:
    """One camera of each device, of a recorder its first."""
    ids = camera_ids(devices, taken)
    return [
        offer
        for name, found in zip(ids, devices, strict=True)
        for offer in offers_of(found, free_id(name, taken), None)
    ]


def seen_from_home(path: str, draft: Draft) -> str:
    """A path as it was typed here, as the configuration writes it: short where it lies below the file's home."""
    absolute = Path(os.path.normpath(Path(path).absolute()))
    home = draft.home.absolute()
    return str(absolute.relative_to(home)) if absolute.is_relative_to(home) else str(absolute)
