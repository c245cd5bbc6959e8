"""What a box answers to a command, on `rsp` or on the topic that the command names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.core.errors import CommandRejected, RejectCode
from agent.core.types import Message
from agent.core.wire.command import Asked, DismissReason
from agent.core.wire.event import clip, dump
from agent.core.wire.facts import BoxFacts
from agent.core.wire.model import Duration, EvidencePart, Utc
from agent.core.wire.size import packet_bytes
from agent.core.wire.topics import TOPIC_KINDS, topic

RESPONSE_SCHEMA_URI = "urn:cityeye:schema:response:1"
MAX_RESPONSE_PACKET_BYTES = 2**20
_JSON = "application/json; charset=utf-8"
_MESSAGE_CHARS = 2000


class _Result(BaseModel):
    """Unknown members are ignored by a reader: a later agent may add some within the same version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class VerifyResult(_Result):
    """What a second look found. `before` and `after` are the same crop.

    `reason` says why nothing could be seen; of `cleared`, `replaced` where another thing stands there now.
    """

    incident: UUID
    verdict: Literal["cleared", "still_present", "cannot_see"]
    reason: str | None = None
    looked_at: Utc
    before: EvidencePart | None = None
    after: EvidencePart | None = None
    dwell_s: Duration | None = None


class AcknowledgeResult(_Result):
    """The incident, and since when it counts as acknowledged."""

    incident: UUID
    acknowledged_at: Utc


class DismissResult(_Result):
    """What is silent now and until when (null: until it is undone); `undone` where silence was ended."""

    incident: UUID
    reason: DismissReason | None = None
    until: Utc | None = None
    undone: bool


class SnapshotResult(_Result):
    """The picture that is sent on `evidence`."""

    camera: str
    picture: EvidencePart


class ConfigResult(_Result):
    """The version in force, and for `config.get` the document, in which secrets are references or masked."""

    config_version: str
    document: str | None = None


class PauseResult(_Result):
    """What is paused until when; null where it was resumed. A place that is null stands for all of them."""

    paused_until: Utc | None
    camera: str | None = None
    zone: str | None = None
    rule: str | None = None


class PingResult(_Result):
    """Which run of which version answers, and how much it still has to send."""

    boot_id: UUID
    agent_version: str
    config_version: str
    uptime_s: Duration
    outbox_depth: int = Field(ge=0)


class RestartResult(_Result):
    """The run that came up: `done` is said by the new one."""

    restarted_as: UUID


Result = (
    VerifyResult
    | AcknowledgeResult
    | DismissResult
    | SnapshotResult
    | ConfigResult
    | PauseResult
    | PingResult
    | RestartResult
)
RESULTS: Mapping[str, type[_Result]] = {
    "verify": VerifyResult,
    "acknowledge": AcknowledgeResult,
    "dismiss": DismissResult,
    "snapshot": SnapshotResult,
    "config.get": ConfigResult,
    "config.put": ConfigResult,
    "rules.pause": PauseResult,
    "ping": PingResult,
    "restart": RestartResult,
}
"""Which result a command is `done` with."""


class Response(BaseModel):
    """`accepted` may come before `done`; `rejected` has a code. `id` is null where none could be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None
    command: str | None
    status: Literal["accepted", "done", "rejected"]
    code: str | None = None
    message: str | None = None
    at: Utc
    correlation: str | None = None
    result: Result | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.code is None) == (self.status == "rejected"):
            raise ValueError("code: expected with `rejected`, and only then")
        if (self.result is None) == (self.status == "done"):
            raise ValueError("result: expected with `done`, and only then")
        wanted = RESULTS.get(self.command or "")
        if self.result is not None and (wanted is None or not isinstance(self.result, wanted)):
            raise ValueError(f"result: found a {type(self.result).__name__} as the result of {self.command}")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: neither result nor rejection means `accepted`. `at` is the box's clock."""

    asked: Asked
    at: datetime
    result: Result | None = None
    rejected: CommandRejected | None = None


def response_message(facts: BoxFacts, reply: Reply, patterns: Iterable[str] = ()) -> Message:
    """The answer, QoS 1, on the topic that was asked for where that is allowed, else on `rsp`.

    Raises:
        CommandRejected: `too_large`, a result that no packet takes.
        ValueError: the result is not one of this command.
    """
    asked, rejected = reply.asked, reply.rejected
    body = Response(
        id=asked.id,
        command=asked.command,
        status="rejected" if rejected else "done" if reply.result is not None else "accepted",
        code=rejected.code if rejected else None,
        message=clip(rejected.message, _MESSAGE_CHARS) if rejected else None,
        at=reply.at,
        correlation=asked.correlation,
        result=reply.result,
    )
    wanted = asked.response_topic
    where = wanted if wanted and response_topic_allowed(wanted, facts, patterns) else topic(facts, "rsp")
    message = Message(topic=where, payload=dump(body), content_type=_JSON)
    if packet_bytes(message) > MAX_RESPONSE_PACKET_BYTES:
        what = f"answer: expected at most {MAX_RESPONSE_PACKET_BYTES} bytes, found {len(message.payload)}"
        raise CommandRejected(RejectCode.TOO_LARGE, what)
    return message


def response_topic_allowed(wanted: str, facts: BoxFacts, patterns: Iterable[str] = ()) -> bool:
    """Whether answers may go there: below the tenant, or where a configured topic filter (`+`, `#`) matches.

    Never a topic that means something else in the contract, of this box or of another one: an answer must not pass
    as an event, nor as a command.
    """
    levels = wanted.split("/")
    if any(c in "+#$" or ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in wanted) or not all(levels):
        return False
    if len(wanted.encode("utf-8", "replace")) > 512 or any(0xD800 <= ord(c) < 0xE000 for c in wanted):
        return False
    if wanted == topic(facts, "rsp"):
        return True
    if levels[0] == "cityeye" and len(levels) > 4 and levels[4] in TOPIC_KINDS:
        return False
    below_tenant = levels[:3] == ["cityeye", "v1", facts.tenant] and len(levels) > 3
    return below_tenant or any(_matches(pattern.split("/"), levels) for pattern in patterns)


def parse_response(payload: bytes) -> Response:
    """Read an answer back. Raises pydantic.ValidationError naming every member that is wrong."""
    return Response.model_validate_json(payload)


def response_schema() -> dict[str, Any]:
    """The JSON Schema of `rsp`."""
    schema = Response.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": RESPONSE_SCHEMA_URI, **schema}


def _matches(pattern: list[str], levels: list[str]) -> bool:
    if pattern and pattern[-1] == "#":
        return len(levels) >= len(pattern) - 1 and _matches(pattern[:-1], levels[: len(pattern) - 1])
    return len(pattern) == len(levels) and all(p in ("+", level) for p, level in zip(pattern, levels, strict=True))
