"""The one error tree. Whether a retry can help is a type, not a guess.

    CityEyeError
    ├── RetryableError            may go away by itself: back off and try again
    │   ├── CameraUnreachable     no TCP connection, unknown host, time-out while opening
    │   ├── CameraStalled         connected, but no packet within the read time-out
    │   ├── StreamEnded           the far side closed the stream
    │   ├── BrokerUnreachable     no TCP or TLS connection to the broker, or it was lost
    │   ├── StoreFull             the disk (or quota) does not take the commit now
    │   │   └── StoreHeld         another program holds the database
    │   ├── ModelUnavailable      a model could not be fetched now; what came so far is kept
    │   ├── EvidenceSkipped       the picture could not be kept; the event still goes out
    │   └── UploadFailed          the object store could not be reached, or is busy
    └── PermanentError            stays until somebody changes something
        ├── ConfigError           carries every `Problem` of the file
        ├── ModelError            missing, corrupt or mismatched model file
        ├── RecordingError        recorded observations that cannot be read or written
        ├── PicturesUnusable      pictures to learn from: missing, no pictures, or not alike in size; tells all
        ├── CameraRefused         wrong password, or a digest algorithm we cannot speak
        ├── UnsupportedStream     not a video, or a codec that cannot be decoded
        ├── CameraAnswerUnusable  the camera's web service says no, or something that is not ISAPI
        ├── BrokerRefused         bad credentials, not authorised, protocol not spoken
        ├── UploadRefused         the object store says no; `unfit`: to this picture, else to every one
        ├── StoreUnusable         read-only folder, corrupt or foreign database
        ├── RangeRefused          network addresses that are not asked; `code` and `values` make a text
        ├── CommandRejected       a command or ack of the centre that is not carried out; `code` is for machines
        └── IllegalTransition     the lifecycle table has no such step (a bug)

A message a person reads says where, what was expected, what was found and how to mend it; it never
contains a credential.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class CityEyeError(Exception):
    """Base of all errors that this package raises on purpose."""


class RetryableError(CityEyeError):
    """The same call may succeed later without anybody changing anything."""


class PermanentError(CityEyeError):
    """The same call will fail until somebody changes the configuration, a file or the far side."""


class CameraUnreachable(RetryableError):
    """The camera could not be connected to."""


class CameraStalled(RetryableError):
    """The camera is connected but sends nothing."""


class StreamEnded(RetryableError):
    """The stream came to its end."""


class BrokerUnreachable(RetryableError):
    """The broker could not be connected to, or the connection was lost."""


class StoreFull(RetryableError):
    """The database could not grow; nothing of the commit was kept."""


class StoreHeld(StoreFull):
    """Another program held the database for too long; nothing of the commit was kept."""


class ModelUnavailable(RetryableError):
    """A model could not be fetched this time; the next attempt goes on where this one ended."""


class EvidenceSkipped(RetryableError):
    """A picture was not kept. `reason` is a short code for the event (`disk_full`, `read_only`, `io_error`)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class UploadFailed(RetryableError):
    """A picture did not reach the object store this time. `retry_after_s`: how long that asks to be left alone."""

    def __init__(self, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a configuration, in terms a person can act on.

    Attributes:
        file: path as the user gave it. line: 1-based, or None when the file has no such place.
        key: dotted path with indices, such as `cameras[0].zones[1].polygon`.
    """

    file: str
    line: int | None
    key: str
    expected: str
    found: str
    mend: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key}: expected {self.expected}, found {self.found}; {self.mend}"


class ConfigError(PermanentError):
    """The configuration cannot be used; carries all of its problems, ordered by line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = tuple(problems)


class RecordingError(PermanentError):
    """A recording of observations cannot be read or written."""


class ModelError(PermanentError):
    """The model file is missing, corrupt or not what was said."""


class PicturesUnusable(PermanentError):
    """Pictures that were given cannot be learnt from; says it of every one of them."""


class CameraRefused(PermanentError):
    """The camera refuses the login. `attempted` tells whether a credential was spent on it."""

    def __init__(self, message: str, *, attempted: bool) -> None:
        super().__init__(message)
        self.attempted = attempted


class UnsupportedStream(PermanentError):
    """What the address delivers cannot be decoded as video."""


class CameraAnswerUnusable(PermanentError):
    """The camera's web service has no such function, says no, or answers something that is not ISAPI."""


class BrokerRefused(PermanentError):
    """The broker answered and said no. `code` is MQTT's reason, where there is one."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class UploadRefused(PermanentError):
    """The object store answered and said no. `unfit` tells whether that is about this picture alone."""

    def __init__(self, message: str, *, unfit: bool) -> None:
        super().__init__(message)
        self.unfit = unfit


class StoreUnusable(PermanentError):
    """The data folder or database cannot be used as it is."""


class RangeRefused(PermanentError):
    """A range of network addresses is not asked. `code` says why, `values` belong to it."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(f"address range: {code}: " + ", ".join(f"{name} {value}" for name, value in values.items()))
        self.code = code
        self.values = values


class RejectCode(StrEnum):
    """Why a command was not carried out. A consumer must take a code that it does not know as `failed`."""

    BAD_JSON = "bad_json"
    TOO_LARGE = "too_large"
    UNKNOWN_COMMAND = "unknown_command"
    INVALID = "invalid"
    EXPIRED = "expired"
    ID_REUSED = "id_reused"
    UNKNOWN_INCIDENT = "unknown_incident"
    UNKNOWN_CAMERA = "unknown_camera"
    UNKNOWN_ZONE = "unknown_zone"
    UNKNOWN_RULE = "unknown_rule"
    CONFLICT = "conflict"
    NOT_ALLOWED = "not_allowed"
    NOT_SUPPORTED = "not_supported"
    BUSY = "busy"
    FAILED = "failed"


class CommandRejected(PermanentError):
    """What the centre sent is not carried out. `code` is for machines, `message` for people; neither holds a secret."""

    def __init__(self, code: RejectCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class IllegalTransition(PermanentError):
    """The lifecycle table does not allow this step; nothing was changed."""
