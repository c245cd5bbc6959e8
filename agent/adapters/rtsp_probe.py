"""Asks an RTSP address what it wants, without spending a login: a DESCRIBE over a plain socket, no credentials.

FFmpeg reports an unknown host as "Input/output error", and a digest algorithm that it cannot speak as a wrong
password. The first is useless to a person; the second would count towards the camera's lock-out in the agent's books
and send the engineer looking for a password that is right. So each open is preceded by this question.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from agent.core.address_secrets import without_secrets
from agent.core.errors import CameraRefused, CameraUnreachable, CityEyeError, UnsupportedStream
from agent.ports import Clock

DEFAULT_PORT = 554
MAX_REPLY_BYTES = 64 * 1024
"""A DESCRIBE reply is 1 to 3 KiB; more than this is not a camera that answers a question."""
SPOKEN_ALGORITHMS = frozenset({"", "MD5", "MD5-SESS"})
"""Digest algorithms in FFmpeg's `httpauth.c`; none named means MD5."""
_USER_IN_PATH = re.compile(r"(?i)\b(user(?:name)?)=[^&/;]*")
_STATUS = re.compile(rb"RTSP/\d\.\d (\d{3})\b")
_ALGORITHM = re.compile(r'(?i)\balgorithm="?([\w-]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a stream is, without the credentials."""

    host: str
    port: int
    path: str = field(repr=False)
    """With the leading slash and the query."""

    @staticmethod
    def of(url: str) -> tuple[Address, str | None, str | None]:
        """The address, user name and password of a URL. Raises UnsupportedStream, without the URL in its text."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or DEFAULT_PORT
        except ValueError:
            host, port = None, 0
        # An "@" further on means an unescaped "/" or "#" in a password: what looks like the host is part of it.
        if host is None or parts.scheme.lower() != "rtsp" or "@" in parts.path + parts.query + parts.fragment:
            raise UnsupportedStream(
                "camera url: expected rtsp://HOST[:PORT]/PATH, found something else; a Hikvision camera's is "
                "rtsp://HOST:554/Streaming/Channels/102; give user name and password by their own keys"
            )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        user = None if parts.username is None else unquote(parts.username)
        password = None if parts.password is None else unquote(parts.password)
        return Address(host=host, port=port, path=path), user, password

    @property
    def netloc(self) -> str:
        """HOST:PORT, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def shown_path(self) -> str:
        """The path as it may be shown; some cameras take the password in it."""
        whole = without_secrets(f"rtsp://{self.netloc}{self.path}")
        return _USER_IN_PATH.sub(r"\1=***", whole.removeprefix(f"rtsp://{self.netloc}"))

    @property
    def shown(self) -> str:
        """The URL as it may be shown."""
        return f"rtsp://{self.netloc}{self.shown_path}"

    def url(self, username: str | None, password: str | None) -> str:
        """The full URL, for FFmpeg only: never log it, never let it into an error."""
        login = "" if username is None else f"{quote(username, safe='')}:{quote(password or '', safe='')}@"
        return f"rtsp://{login}{self.netloc}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said to DESCRIBE: its status, its `WWW-Authenticate` values in their order, and its `Server`."""

    status: int
    challenges: tuple[str, ...]
    server: str = ""


def unreachable(where: str, address: Address, found: str, mend: str) -> CameraUnreachable:
    """The one wording for a camera that cannot be connected to."""
    return CameraUnreachable(f"{where}: expected an RTSP camera at {address.netloc}, found {found}; {mend}")


def wrong_path(where: str, address: Address) -> UnsupportedStream:
    """The camera knows no such stream."""
    return UnsupportedStream(
        f"{where}: expected a stream at {address.shown_path}, found that the camera has none (404); Hikvision's paths "
        "are /Streaming/Channels/101 (main) and /Streaming/Channels/102 (sub), capitals as shown; on a recorder the "
        "first digits are the channel: 201, 202 for its second camera"
    )


def probe(where: str, address: Address, *, has_login: bool, timeout_s: float, clock: Clock) -> None:
    """Return when opening the stream makes sense; otherwise raise what a person has to know.

    Raises:
        CameraUnreachable: no connection, no answer, or the camera is busy.
        CameraRefused: with `attempted=False`; a login is missing or could not be spoken.
        UnsupportedStream: no RTSP server, or no such path.
    """
    answer = describe(where, address, timeout_s=timeout_s, clock=clock)
    problem = hindrance(where, address, answer, has_login=has_login)
    if problem is not None:
        raise problem


def describe(where: str, address: Address, *, timeout_s: float, clock: Clock) -> Answer:
    """Send one DESCRIBE without credentials and read the head of the reply."""
    deadline_s = clock.now().mono_s + timeout_s
    try:
        with socket.create_connection((address.host, address.port), timeout=timeout_s) as peer:
            peer.sendall(
                f"DESCRIBE rtsp://{address.netloc}{address.path} RTSP/1.0\r\nCSeq: 1\r\n"
                "Accept: application/sdp\r\nUser-Agent: CityEye\r\n\r\n".encode()
            )
            head = _read_head(peer, deadline_s, clock)
    except socket.gaierror as error:
        mend = "check the host name and the box's DNS, or write the camera's IP address"
        raise unreachable(where, address, f"that the name {address.host} is unknown", mend) from error
    except ConnectionRefusedError as error:
        mend = f"check that RTSP is enabled on the camera and that its RTSP port is {address.port}"
        raise unreachable(where, address, "that the connection is refused", mend) from error
    except TimeoutError as error:
        mend = "check the address, power, cable and any firewall in between"
        raise unreachable(where, address, f"no answer within {timeout_s:g} s", mend) from error
    except OSError as error:
        mend = "check the box's network and the camera's address"
        raise unreachable(where, address, str(error.strerror or error), mend) from error
    return _parse(where, address, head)


def _read_head(peer: socket.socket, deadline_s: float, clock: Clock) -> bytes:
    """Bytes up to the blank line, the size limit or the end. Raises TimeoutError also for a peer that dribbles."""
    head = bytearray()
    while b"\r\n\r\n" not in head and len(head) < MAX_REPLY_BYTES:
        left_s = deadline_s - clock.now().mono_s
        if left_s <= 0:
            raise TimeoutError
        peer.settimeout(left_s)
        data = peer.recv(4096)
        if not data:
            break
        head += data
    return bytes(head)


def _parse(where: str, address: Address, head: bytes) -> Answer:
    """Status and challenges of a reply head. Raises when it is none."""
    if not head:
        mend = "wait until the camera has started, and check that the port is its RTSP port"
        raise unreachable(where, address, "that it hangs up without an answer", mend)
    status = _STATUS.match(head)
    if status is None:
        raise UnsupportedStream(
            f"{where}: expected an RTSP server at {address.netloc}, found a reply that starts with "
            f"{head[:16].decode('ascii', 'backslashreplace')!r}; check the port: RTSP is usually 554, 80 is the "
            "camera's web page and 8000 its device port"
        )
    challenges, server = told_of(head)
    return Answer(status=int(status[1]), challenges=challenges, server=server)


def told_of(head: bytes) -> tuple[tuple[str, ...], str]:
    """`WWW-Authenticate` values and `Server` of a reply's head, of RTSP or HTTP."""
    lines = head.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace").split("\r\n")[1:]
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    challenges = tuple(value for name, value in headers if name == "www-authenticate")
    return challenges, next((value for name, value in headers if name == "server"), "")


def hindrance(where: str, address: Address, answer: Answer, *, has_login: bool) -> CityEyeError | None:
    """What stands in the way of opening the stream, if anything does."""
    if answer.status == 401:
        return _login_problem(where, answer.challenges, has_login=has_login)
    if answer.status == 403:
        text = "found that it forbids this box (403); check the camera's IP address filter"
        return CameraRefused(f"{where}: expected to be let in, {text}", attempted=False)
    if answer.status == 404:
        return wrong_path(where, address)
    if 300 <= answer.status < 400:  # FFmpeg would follow, and take the login along
        return UnsupportedStream(
            f"{where}: expected the stream at {address.netloc}, found that it is said to be elsewhere (status "
            f"{answer.status}), where this login does not go; write the address itself"
        )
    if answer.status >= 400:
        mend = "too many viewers or a restart under way are the usual causes: close other viewers of this camera"
        return unreachable(where, address, f"that it is busy (status {answer.status})", mend)
    return None


def _login_problem(where: str, challenges: tuple[str, ...], *, has_login: bool) -> CameraRefused | None:
    """Why a login cannot even be tried, if so."""
    if not has_login:
        return CameraRefused(
            f"{where}: expected a stream open to all, found that it needs a user name and password; "
            "set the camera's username and password",
            attempted=False,
        )
    method = chosen_method(challenges)
    if method == "Basic" or (method.startswith("Digest") and method[7:].upper() in SPOKEN_ALGORITHMS):
        return None
    return CameraRefused(
        f"{where}: expected digest authentication with MD5 (or basic), found {method or 'no known method'}; the "
        "password was not tried. On the camera set Configuration > System > Security > Authentication > "
        "RTSP digest algorithm to MD5",
        attempted=False,
    )


def chosen_method(challenges: tuple[str, ...]) -> str:
    """The method FFmpeg picks: digest before basic, the last digest header wins. `Basic`, `Digest ALGORITHM`, or ``."""
    method = ""
    for challenge in challenges:
        scheme = challenge.partition(" ")[0].lower()
        if scheme == "digest":
            found = _ALGORITHM.search(challenge)
            method = f"Digest {found[1] if found else ''}"
        elif scheme == "basic" and not method.startswith("Digest"):
            method = "Basic"
    return method
