"""The questions of `cityeye init`. Each answer is judged by the loader at once; what a flag said is not asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from agent.app.setup import Offer, broker_of, free_id, from_flag, location_of, offers_of
from agent.cli.asking import Terminal, narrow
from agent.cli.check import fault_lines
from agent.cli.init_cameras import Finder
from agent.cli.init_flags import Wishes, ids_of, seen_from_home
from agent.cli.texts import Texts
from agent.config.draft import Draft
from agent.config.sections.box import BoxConfig
from agent.config.sections.cameras import CameraConfig
from agent.config.words import Path as Key
from agent.config.written import CameraNote
from agent.core.discovery import Found, Pick, camera_ids, channels_in, is_recorder, picks_in
from agent.core.errors import Problem

_NO_LOGIN = "-"


class Interview:
    """Asks for what is not in the draft yet."""

    def __init__(
        self, draft: Draft, wishes: Wishes, camera_login: Mapping[str, object], terminal: Terminal, say: Texts
    ) -> None:
        """`camera_login`: the keys of every camera that flags gave."""
        self._draft = draft
        self._camera_login = camera_login
        self._wishes = wishes
        self._terminal = terminal
        self.say = say

    def box(self, default_id: str) -> None:
        """Which box this is, whose, and where."""
        say, tenant = self.say, str(BoxConfig.model_fields["tenant"].default)
        if not self._wishes.box_id:
            self._field(say("init.ask.box_id"), ("box", "id"), read=narrow, default=default_id)
        if not self._wishes.tenant:
            self._field(say("init.ask.tenant"), ("box", "tenant"), read=narrow, default=tenant)
        if not self._wishes.location:
            self._field(
                say("init.ask.location"),
                ("box", "location"),
                read=lambda text: location_of(narrow(text)),
                optional=True,
            )

    def broker(self) -> None:
        """Where the events go, and as whom."""
        say, wishes = self.say, self._wishes
        if not wishes.broker:
            self._field(say("init.ask.broker"), ("mqtt",), read=self._whole_broker)
        if self._draft.at("mqtt", "tls") == {}:
            self._field(say("init.ask.broker_ca"), ("mqtt", "tls", "ca_file"), read=self._file, optional=True)
            self._field(say("init.ask.broker_cert"), ("mqtt", "tls", "cert_file"), read=self._file, optional=True)
            if self._draft.at("mqtt", "tls", "cert_file"):
                self._field(say("init.ask.broker_key"), ("mqtt", "tls", "key_file"), read=self._file, optional=True)
        if not wishes.broker_user:
            self._field(say("init.ask.broker_user"), ("mqtt", "username"), optional=True)
        user = self._draft.at("mqtt", "username")
        if user and not wishes.broker_password:
            reference = self._password(say("init.ask.broker_password", user=user), "mqtt")
            self._draft.put(("mqtt", "password"), reference)

    def cameras(self, finder: Finder | None) -> None:
        """Those that are found, those that are named, and their logins. `finder` is None where none are looked for."""
        if finder is not None:
            devices = finder.look()
            while not devices and finder.asked_for_range(self._terminal):
                devices = finder.look()
            for offer in self._taken(devices):
                if offer.url not in [camera["url"] for camera in self._draft.data["cameras"]]:
                    self._name(offer)
        while self._one_more():
            pass
        if not self._wishes.camera_user:
            self._logins()
        elif not self._wishes.camera_password:
            self._shared_login(self._wishes.camera_user, self._without_login())

    # Cameras.

    def _taken(self, devices: Sequence[Found]) -> list[Offer]:
        """The cameras that are wanted of the devices that were found."""
        if not devices:
            return []
        told: list[tuple[Pick, ...]] = []

        def judge(answer: str) -> list[str]:
            picks = picks_in(answer, len(devices))
            if picks is None:
                return [self.say("init.picks_wrong", count=len(devices))]
            told.append(picks)
            return [line for pick in picks for line in self._uncounted(devices[pick.device], pick.channels)]

        self._terminal.ask(self.say("init.ask.picks"), judge, default="all")
        ids = camera_ids(devices, ids_of(self._draft))
        return [offer for pick in told[-1] for offer in self._offers(devices[pick.device], ids[pick.device], pick)]

    def _uncounted(self, found: Found, channels: Sequence[int] | None) -> list[str]:
        """What is to be said where nobody knows the addresses of all these channels."""
        if len(offers_of(found, "camera", channels)) == len(channels or (1,)):
            return []
        return [self.say("init.channels_unknown", address=found.address)]

    def _offers(self, found: Found, camera_id: str, pick: Pick) -> tuple[Offer, ...]:
        channels = pick.channels
        if channels is None and is_recorder(found):
            channels = self._channels(found)
        return offers_of(found, camera_id, channels)

    def _channels(self, found: Found) -> tuple[int, ...]:
        told: list[tuple[int, ...]] = []

        def judge(answer: str) -> list[str]:
            if (channels := channels_in(answer)) is None:
                return [self.say("init.channels_wrong")]
            told.append(channels)
            return self._uncounted(found, channels)

        self._terminal.ask(self.say("init.ask.channels", address=found.address, model=found.model), judge, default="1")
        return told[-1]

    def _name(self, offer: Offer) -> None:
        """Its id, or its name for people."""
        offer = replace(offer, id=free_id(offer.id, ids_of(self._draft)))
        question = self.say("init.ask.camera_name", url=offer.url)

        def judge(answer: str) -> list[str]:
            return self._add(offer if answer == offer.id else offer.called(answer, ids_of(self._draft)))

        self._terminal.ask(question, judge, default=offer.id)

    def _one_more(self) -> bool:
        """A camera by its address; False when there is no more."""
        said: list[str] = []

        def judge(answer: str) -> list[str]:
            said.append(answer)
            return self._add(from_flag(answer, ids_of(self._draft))) if answer else []

        self._terminal.ask(self.say("init.ask.camera"), judge)
        return bool(said[-1])

    def _add(self, offer: Offer) -> list[str]:
        note = CameraNote(told=offer.told, others=offer.others)
        entry = {**offer.entry(), **(self._camera_login if offer.host else {})}
        return list(self._faults(self._draft.add_camera(entry, note)))

    # Logins.

    def _without_login(self) -> dict[str, list[int]]:
        """Cameras by host, video files left out."""
        hosts: dict[str, list[int]] = {}
        for number, camera in enumerate(self._draft.data["cameras"]):
            host = Offer(id="", url=camera["url"]).host
            if host and "password" not in camera:
                hosts.setdefault(host, []).append(number)
        return hosts

    def _logins(self) -> None:
        hosts = self._without_login()
        if not hosts:
            return
        if len(hosts) == 1 or self._terminal.agrees(self.say("init.ask.same_login", count=len(hosts))):
            first = next(iter(hosts.values()))[0]
            if user := self._user(self.say("init.ask.camera_user"), first):
                self._shared_login(user, hosts)
            return
        for host, numbers in hosts.items():
            if user := self._user(self.say("init.ask.camera_user_at", host=host), numbers[0]):
                name = self._draft.data["cameras"][numbers[0]]["id"]
                reference = self._password(self.say("init.ask.camera_password", user=user), name)
                self._put_login(user, reference, numbers)

    def _shared_login(self, user: str, hosts: dict[str, list[int]]) -> None:
        if hosts:
            reference = self._password(self.say("init.ask.camera_password", user=user), "cameras")
            self._put_login(user, reference, [number for numbers in hosts.values() for number in numbers])

    def _put_login(self, user: str, reference: dict[str, str], numbers: Sequence[int]) -> None:
        for number in numbers:
            self._draft.put(("cameras", number, "username"), user)
            self._draft.put(("cameras", number, "password"), reference)

    def _user(self, question: str, number: int) -> str | None:
        """Judged at one of the cameras that it is for."""
        said: list[str] = []
        default = str((CameraConfig.model_fields["username"].examples or [""])[0])

        def judge(answer: str) -> list[str]:
            said.append(answer)
            if answer == _NO_LOGIN:
                return []
            return list(self._faults(self._draft.put(("cameras", number, "username"), answer)))

        self._terminal.ask(question, judge, default=default)
        return None if said[-1] == _NO_LOGIN else said[-1]

    def _password(self, question: str, name: str) -> dict[str, str]:
        """Asked for without showing it; where the configuration is to find it."""
        told: list[dict[str, str]] = []

        def judge(answer: str) -> list[str]:
            if not answer:
                return [self.say("init.password_empty")]
            told.append(self._draft.secret(name, answer))
            return []

        self._terminal.secret(question, judge)
        return told[-1]

    # Single keys.

    def _field(
        self,
        question: str,
        path: Key,
        *,
        read: Callable[[str], object] = str,
        default: str = "",
        optional: bool = False,
    ) -> None:
        """One key. `read` makes of an answer what stands in the file; an `optional` one may be left out by Enter."""

        def judge(answer: str) -> list[str]:
            if optional and not answer:
                return []
            return list(self._faults(self._draft.put(path, read(answer))))

        self._terminal.ask(question, judge, default=default)

    def _whole_broker(self, text: str) -> dict[str, object]:
        return {**(self._draft.at("mqtt") or {}), **broker_of(narrow(text))}

    def _file(self, text: str) -> str:
        return seen_from_home(text, self._draft)

    def _faults(self, problems: Sequence[Problem]) -> Iterator[str]:
        for problem in problems:
            yield from fault_lines(problem, self.say)
