"""What the centre may ask of a box, on `cmd`. See docs/contract/commands.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, TypeAdapter, ValidationError, model_validator

from agent.core.errors import CommandRejected, RejectCode
from agent.core.wire.reading import Instant, Name, Note, TopicName, read_object, validated

COMMAND_SCHEMA_URI = "urn:cityeye:schema:command:1"
MAX_PAUSE_S = 7 * 24 * 3600
_Document = Annotated[str, Field(min_length=1, max_length=200_000)]


class DismissReason(StrEnum):
    """Why what was reported is no incident."""

    FALSE_REPORT = "false_report"
    """Nothing of the kind stands there."""
    TOLERATED = "tolerated"
    """It stands there, and the city tolerates it."""


class _Command(BaseModel):
    """What all commands have. `id` is the key for duplicates: one id is carried out once.

    A member that this version does not know is refused: half of a command must not be carried out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    issued_at: Instant
    expires_at: Instant | None = None
    response_topic: TopicName | None = None
    correlation: Name | None = None
    by: Name | None = None

    _at_box: bool = PrivateAttr(default=False)

    @property
    def at_box(self) -> bool:
        """Whether a person at the box asks, not the centre. Nothing on the wire can say so."""
        return self._at_box

    def asked_here(self) -> Self:
        """The same, as a person at the box asks it."""
        mine = self.model_copy()
        mine._at_box = True
        return mine


class Verify(_Command):
    """Look again at this incident."""

    command: Literal["verify"]
    incident: UUID


class Acknowledge(_Command):
    """A person at the centre has taken notice. Changes nothing on the box but its record."""

    command: Literal["acknowledge"]
    incident: UUID
    note: Note | None = None


class Dismiss(_Command):
    """Not an incident: the spot is taught. `until` ends a toleration; `undo` takes an earlier dismissal back."""

    command: Literal["dismiss"]
    incident: UUID
    reason: DismissReason | None = None
    until: Instant | None = None
    note: Note | None = None
    undo: bool = False

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["reason"], "properties": {"reason": {"type": "string"}}},
                {"required": ["undo"], "properties": {"undo": {"const": True}}},
            ]
        }
    )

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.reason is None and not self.undo:
            raise ValueError("reason: expected false_report or tolerated, found none; only undo goes without")
        return self


class Snapshot(_Command):
    """One fresh picture of a camera."""

    command: Literal["snapshot"]
    camera: Name


class ConfigGet(_Command):
    """The configuration in force."""

    command: Literal["config.get"]


class ConfigPut(_Command):
    """Put this YAML document in force. With `if_version`, only if that version is in force now."""

    command: Literal["config.put"]
    document: _Document
    if_version: Name | None = None


class RulesPause(_Command):
    """Report nothing for a while, of all that matches. Either `seconds` (0 resumes) or `until`."""

    command: Literal["rules.pause"]
    camera: Name | None = None
    zone: Name | None = None
    rule: Name | None = None
    seconds: Annotated[int, Field(ge=0, le=MAX_PAUSE_S)] | None = None
    until: Instant | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["seconds"], "properties": {"seconds": {"type": "integer"}}},
                {"required": ["until"], "properties": {"until": {"type": "string"}}},
            ]
        }
    )

    @model_validator(mode="after")
    def _says_how_long(self) -> Self:
        if (self.seconds is None) == (self.until is None):
            raise ValueError("expected exactly one of seconds and until")
        if self.zone is not None and self.camera is None:
            raise ValueError("zone: expected its camera too; a zone's id is unique within its camera only")
        return self


class Ping(_Command):
    """Are you there?"""

    command: Literal["ping"]


class Restart(_Command):
    """Stop in good order and start again."""

    command: Literal["restart"]


Command = Annotated[
    Verify | Acknowledge | Dismiss | Snapshot | ConfigGet | ConfigPut | RulesPause | Ping | Restart,
    Field(discriminator="command"),
]
_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {
    "verify": TypeAdapter(Verify),
    "acknowledge": TypeAdapter(Acknowledge),
    "dismiss": TypeAdapter(Dismiss),
    "snapshot": TypeAdapter(Snapshot),
    "config.get": TypeAdapter(ConfigGet),
    "config.put": TypeAdapter(ConfigPut),
    "rules.pause": TypeAdapter(RulesPause),
    "ping": TypeAdapter(Ping),
    "restart": TypeAdapter(Restart),
}
COMMANDS = tuple(_ADAPTERS)
"""The names of all commands, in the order of the documentation."""
_KNOWN = ", ".join(COMMANDS)
_NAME = TypeAdapter[str](Name)
_TOPIC = TypeAdapter[str](TopicName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer repeats of a command, as far as it could be read."""

    id: str | None = None
    command: str | None = None
    correlation: str | None = None
    response_topic: str | None = None


def parse_command(payload: bytes) -> Command:
    """Read a command. Whether it has expired is another question: `check_expiry`.

    Raises:
        CommandRejected: `too_large`, `bad_json`, `unknown_command` or `invalid`. Nothing else, whatever the bytes.
    """
    name = read_object(payload).get("command")
    if not isinstance(name, str):
        raise CommandRejected(RejectCode.INVALID, f"command: expected one of {_KNOWN}, found no text")
    adapter = _ADAPTERS.get(name)
    if adapter is None:
        what = f"command: expected one of {_KNOWN}, found {name[:40]!a}"
        raise CommandRejected(RejectCode.UNKNOWN_COMMAND, what)
    command: Command = validated(adapter, payload)
    return command


def check_expiry(command: Command, now: datetime) -> None:
    """`now` is the box's UTC clock. Raises CommandRejected `expired`: such a command does nothing."""
    if command.expires_at is not None and command.expires_at <= now:
        raise CommandRejected(RejectCode.EXPIRED, f"expires_at: expected later than {now.isoformat()}; issue it anew")


def with_properties(command: Command, response_topic: str | None, correlation: bytes | None) -> Command:
    """The command with the MQTT 5 properties it came with; where both are there, the property wins over the body.

    The body's `correlation` is for people and for 3.1.1: correlation data that is no such text shows as far as it can.
    The caller sends the bytes themselves back as property.

    Raises:
        CommandRejected: `invalid`, a response topic that cannot be one.
    """
    changed: dict[str, Any] = {}
    if response_topic:
        changed["response_topic"] = _text(response_topic, _TOPIC)
        if changed["response_topic"] is None:
            raise CommandRejected(
                RejectCode.INVALID,
                "response topic: expected 1 to 512 characters without +, #, $ and control characters",
            )
    if correlation:
        changed["correlation"] = _text(correlation.decode("utf-8", "replace"), _NAME)
    return command.model_copy(update=changed)


def asked(payload: bytes) -> Asked:
    """What can be said in the answer to a command that was rejected; never raises."""
    try:
        body = read_object(payload)
    except CommandRejected:
        return Asked()
    return Asked(
        id=_text(body.get("id"), _NAME),
        command=_text(body.get("command"), _NAME),
        correlation=_text(body.get("correlation"), _NAME),
        response_topic=_text(body.get("response_topic"), _TOPIC),
    )


def asked_of(command: Command) -> Asked:
    """What the answer to a command repeats."""
    return Asked(
        id=command.id, command=command.command, correlation=command.correlation, response_topic=command.response_topic
    )


def command_schema() -> dict[str, Any]:
    """The JSON Schema of every command."""
    schema = TypeAdapter[Any](Command).json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": COMMAND_SCHEMA_URI,
        "title": "Command",
        **schema,
    }


def _text(value: object, adapter: TypeAdapter[str]) -> str | None:
    try:
        return adapter.validate_python(value, strict=True)
    except ValidationError:
        return None
