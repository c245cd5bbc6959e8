"""The kinds of values that keys take: ids, addresses, paths, time zones, points.

Each refuses with a `city_eye` error that carries its own texts; `translate` turns that into a problem.
Paths (and `secrets`) look at their surroundings: the folder that relative paths start from, and the environment.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from agent.config.words import STEERING, Words, looks_secret, path_text, same

ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mkv", ".avi", ".mov", ".ts", ".m4v", ".webm", ".mpg", ".mpeg", ".ps", ".h264", ".h265", ".264", ".265"}
)
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a configuration is read: the folder that relative paths start from, and the environment.

    Without `secrets`, those that lie outside the file are not fetched, for commands that do not log in anywhere.
    """

    home: Path = Path()
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: bool = True

    @staticmethod
    def of(info: ValidationInfo) -> Surroundings:
        """Those given as validation context, or an empty environment in the working directory."""
        return info.context if isinstance(info.context, Surroundings) else Surroundings()


def fault(expected: Words, found: Words | None, mend: Words) -> PydanticCustomError:
    """A validation error with its own texts. `found=None`: show the value as it stands in the file."""
    return PydanticCustomError(
        "city_eye", "expected {expected_en}", {"expected_en": expected.en, "words": (expected, found, mend)}
    )


def did_you_mean(name: object, known: list[str], otherwise: Words) -> Words:
    """`did you mean gate?` when a known name is close, else the other text."""
    close = get_close_matches(str(name), known, n=1)
    return Words("did you mean {name}?", "是否想写 {name}？").fill(name=close[0]) if close else otherwise


_STEERS = re.compile(rf"[{STEERING}\t\n]")


def printable(value: str) -> str:
    """Text of one line, with nothing in it that a terminal or a log would obey."""
    if _STEERS.search(value):
        raise fault(
            Words("text of one line without control characters", "不含控制字符的单行文字"),
            None,
            Words("delete them", "请删除这些字符"),
        )
    return value


def _id(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(ID_PATTERN, value):
        return value
    expected = Words(
        "an id of a to z, 0 to 9, - and _, at most 63 characters", "由 a–z、0–9、- 和 _ 组成的编号，最多 63 个字符"
    )
    guess = re.sub(r"[^a-z0-9_-]+", "-", str(value).lower()).strip("-_")[:63]
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        raise fault(expected, None, Words('put it in quotes: "{n}"', '请加引号："{n}"').fill(n=value))
    if isinstance(value, str) and guess and not looks_secret(value):
        raise fault(expected, None, Words("for example {id}", "例如 {id}").fill(id=guess))
    raise fault(
        expected, None, Words("for example gate-1; a display name goes under name", "例如 gate-1；显示名称请写在 name")
    )


def _host(value: object) -> str:
    expected = Words("a host name or an address", "主机名或 IP 地址")
    if isinstance(value, str):
        if "://" in value:
            raise fault(expected, None, Words("leave out everything but the host", "只保留主机部分"))
        if _is_no_ip(value):
            raise fault(expected, None, _NO_IP_MEND)
        if _HOST.fullmatch(value) or _is_ip(value):
            return value
        if re.fullmatch(r"[^:]+:[0-9]+", value):
            raise fault(expected, None, Words("put the port under port", "端口请写在 port"))
    raise fault(expected, None, Words("for example 192.168.1.10", "例如 192.168.1.10"))


def is_this_machine(host: object) -> bool:
    """Whether a host is the box itself: what is sent there crosses no network."""
    return host == "localhost" or (isinstance(host, str) and _is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _topic_filter(value: object) -> str:
    expected = Words(
        "an MQTT topic filter: levels between /, + for one, # at the end",
        "MQTT 主题过滤器：以 / 分级，+ 为一级，# 只在末尾",
    )
    if isinstance(value, str) and 0 < len(value.encode("utf-8", "replace")) <= 512 and "$" not in value:
        levels = value.split("/")
        wild = all(level in ("+", "#") or not {"+", "#"} & set(level) for level in levels)
        if wild and "#" not in levels[:-1] and all(levels) and value.isprintable():
            return value
    raise fault(expected, None, Words("for example city/answers/+", "例如 city/answers/+"))


_NO_IP_MEND = Words(
    "an IPv4 address has four numbers from 0 to 255, without zeros before them",
    "IPv4 地址由四个 0 到 255 的数字组成，前面不加零",
)


def _is_no_ip(value: str) -> bool:
    """Four numbers with dots, as only an IPv4 address can be, and yet none: 192.168.1.300."""
    return re.fullmatch(r"[0-9]+(\.[0-9]+){3}\.?", value) is not None and not _is_ip(value)


def _is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


_CAMERA_URL = Words("an rtsp:// address, or a video file", "rtsp:// 地址，或视频文件")
_CAMERA_URL_MEND = Words(
    "for example rtsp://192.168.1.64:554/Streaming/Channels/102", "例如 rtsp://192.168.1.64:554/Streaming/Channels/102"
)
_NO_RTSPS = Words(
    "RTSP over TLS is not supported: use rtsp://, the camera's port 554",
    "不支持 RTSP over TLS：请使用 rtsp://，即摄像机的 554 端口",
)


def split_credentials(url: str) -> tuple[str, str | None, str | None]:
    """An address without its `user:password@`, and the two, percent-decoded.

    Forgiving, since passwords with `#`, `?` and `@` are pasted unencoded: the user part ends at the last `@` before
    the first `/`.
    """
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    userinfo, at, host = authority.rpartition("@")
    if not (mark and at):
        return url, None, None
    username, colon, password = userinfo.partition(":")
    return f"{scheme}{mark}{host}{slash}{path}", unquote(username), unquote(password) if colon else None


def _camera_url(value: object, info: ValidationInfo) -> str:
    """A normalised `rtsp://` address without credentials, or `file:` with an absolute path."""
    if not isinstance(value, str):
        raise fault(_CAMERA_URL, None, _CAMERA_URL_MEND)
    scheme, mark, rest = value.partition("://")
    if value.startswith("file:") or (not mark and Path(value).suffix.lower() in VIDEO_SUFFIXES):
        path = value.removeprefix("file://") if value.startswith("file:///") else value.removeprefix("file:")
        return f"file:{_absolute(path, info)}"
    if not mark:
        raise fault(_CAMERA_URL, None, Words("begin it with rtsp://", "请以 rtsp:// 开头"))
    if scheme.lower() == "rtsps":
        raise fault(_CAMERA_URL, None, _NO_RTSPS)
    if scheme.lower() != "rtsp":
        raise fault(_CAMERA_URL, None, Words("use the camera's RTSP address", "请使用摄像机的 RTSP 地址"))
    host = _host_of(rest.partition("/")[0])
    if host is None or not _is_plain(value):  # a password with a slash leaves its rest, and the @, in the path
        raise fault(_CAMERA_URL, None, _LOGIN_MEND if "@" in value else _CAMERA_URL_MEND)
    if _is_no_ip(host):
        raise fault(_CAMERA_URL, None, _NO_IP_MEND)
    return f"rtsp://{rest}"


_LOGIN_MEND = Words("put user and password under username and password", "用户名和密码请写在 username 与 password")


def _host_of(authority: str) -> str | None:
    """The host of `HOST[:PORT]`, an IPv6 address in brackets; None for anything else."""
    match = re.fullmatch(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(:(?P<port>[0-9]{1,5}))?", authority)
    if match is None or not 1 <= int(match["port"] or 1) <= 65535:
        return None
    host = match["host"]
    known = _is_ip(host[1:-1]) if host.startswith("[") else _HOST.fullmatch(host)
    return host if known else None


_MOST_CHARACTERS = 2000
"""Of an address."""


def _is_plain(address: str) -> bool:
    """Not endless, without a login, blanks, and characters that a request or a terminal takes for something else."""
    odd = any(c == "@" or c.isspace() or not c.isprintable() for c in address)
    return len(address) <= _MOST_CHARACTERS and not odd


_MAIN_STREAM = Words("auto, off, or an http:// or rtsp:// address", "auto、off，或 http://、rtsp:// 地址")
_MAIN_STREAM_MEND = Words(
    "for example http://192.168.1.64/ISAPI/Streaming/channels/101/picture",
    "例如 http://192.168.1.64/ISAPI/Streaming/channels/101/picture",
)


def _main_stream(value: object, info: ValidationInfo) -> str:
    """`auto`, `off`, or an address without credentials."""
    if isinstance(value, str) and value in ("auto", "off"):
        return value
    if isinstance(value, str) and value.lower().startswith("rtsp://"):
        return _camera_url(value, info)
    if isinstance(value, str) and (match := re.fullmatch(r"https?://(?P<authority>[^/?#]+)(/.*)?", value)):
        host = _host_of(match["authority"])
        if host is not None and not _is_no_ip(host) and _is_plain(value):
            return value
    login = isinstance(value, str) and "@" in value
    raise fault(_MAIN_STREAM, None, _LOGIN_MEND if login else _MAIN_STREAM_MEND)


def _absolute(value: str, info: ValidationInfo) -> str:
    if not value or "\0" in value:
        raise fault(Words("a path", "路径"), None, Words("write a path", "请填写路径"))
    return str((Surroundings.of(info).home / Path(value)).absolute())


def _path(value: object, info: ValidationInfo) -> str:
    if isinstance(value, str | Path):
        return _absolute(str(value), info)
    raise fault(Words("a path", "路径"), None, Words("put the path in quotes", "请给路径加引号"))


def _existing_file(path: Path) -> Path:
    expected = Words("a file that can be read", "可读取的文件")
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        mend = Words("correct the path, or give the agent the right to read it", "请改正路径，或授予读取权限")
        raise fault(expected, os_fault(path, error), mend) from error


def os_fault(path: Path, error: OSError) -> Words:
    """`{path}: No such file or directory`, whole, so that it can be seen where a relative path led."""
    text = path_text(path)
    return same(f"{text}: {error.strerror or type(error).__name__}")


@cache
def _time_zones() -> list[str]:
    """All names, for suggestions; walking the database takes a while."""
    return sorted(available_timezones())


def _time_zone(value: object) -> str:
    expected = Words("a time zone of the IANA list", "IANA 时区名称")
    try:
        if isinstance(value, str) and ZoneInfo(value).key == value:
            return value
    except (KeyError, ValueError, OSError):
        pass
    raise fault(expected, None, did_you_mean(value, _time_zones(), same("Asia/Shanghai")))


def _point(value: object) -> tuple[float, float]:
    if isinstance(value, list | tuple) and len(value) == 2:
        x, y = value
        if all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in value):
            return float(x), float(y)
    raise fault(Words("a point [x, y]", "点 [x, y]"), None, Words("for example [0.25, 0.6]", "例如 [0.25, 0.6]"))


_TEXT = {"type": "string", "minLength": 1}

Id = Annotated[str, BeforeValidator(_id), WithJsonSchema({"type": "string", "pattern": ID_PATTERN})]
"""A name that becomes a level of an MQTT topic."""
Host = Annotated[str, BeforeValidator(_host), WithJsonSchema(_TEXT)]
TopicFilter = Annotated[str, BeforeValidator(_topic_filter), WithJsonSchema(_TEXT)]
CameraUrl = Annotated[str, BeforeValidator(_camera_url), WithJsonSchema(_TEXT)]
MainStreamUrl = Annotated[str, BeforeValidator(_main_stream), WithJsonSchema(_TEXT)]
TimeZone = Annotated[str, BeforeValidator(_time_zone), WithJsonSchema(_TEXT)]
Point = Annotated[
    tuple[float, float],
    BeforeValidator(_point),
    WithJsonSchema(
        {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 2, "maxItems": 2}
    ),
]
AnyPath = Annotated[Path, BeforeValidator(_path), PlainSerializer(str), WithJsonSchema(_TEXT)]
"""An absolute path; what stands there is looked at when it is used."""
ReadableFile = Annotated[AnyPath, AfterValidator(_existing_file)]
"""An absolute path of a file that can be opened for reading."""
