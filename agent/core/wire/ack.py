"""The platform's own acknowledgement, on `ack`: these events are stored, those are missing."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from agent.core.errors import CommandRejected, RejectCode
from agent.core.wire.facts import BoxFacts
from agent.core.wire.reading import read_object, validated
from agent.core.wire.topics import source

ACK_SCHEMA_URI = "urn:cityeye:schema:ack:1"
Sequence = Annotated[str, Field(pattern=r"^[0-9]{20}$")]
"""As in the event: 20 digits, so that text order is number order."""


class SequenceRange(BaseModel):
    """From `first` to `last`, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: Sequence
    last: Sequence


class Ack(BaseModel):
    """All events of this box up to and including `sequence` are stored at the centre, except those `missing`.

    A member that this version does not know is refused: an exception that is not understood must not count as stored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sequence: Sequence
    source: str | None = None
    missing: Annotated[tuple[SequenceRange, ...], Field(max_length=256)] = ()

    @model_validator(mode="after")
    def _ranges_lie_below(self) -> Self:
        for part in self.missing:
            if not part.first <= part.last <= self.sequence:
                raise ValueError(f"missing: expected first ≤ last ≤ sequence, found {part.first} to {part.last}")
        return self

    def covers(self, sequence: int) -> bool:
        """Whether the event of this sequence number is stored at the centre."""
        if sequence > int(self.sequence):
            return False
        return not any(int(part.first) <= sequence <= int(part.last) for part in self.missing)


_ADAPTER = TypeAdapter(Ack)


def parse_ack(payload: bytes, facts: BoxFacts) -> Ack:
    """Read an acknowledgement that arrived on the `ack` topic of this box.

    Raises:
        CommandRejected: `too_large`, `bad_json`, `invalid`, or `not_allowed` where `source` names another box.
    """
    read_object(payload)
    ack = validated(_ADAPTER, payload)
    if ack.source is not None and ack.source != source(facts):
        raise CommandRejected(RejectCode.NOT_ALLOWED, f"source: expected {source(facts)}, found that of another box")
    return ack


def ack_schema() -> dict[str, Any]:
    """The JSON Schema of `ack`."""
    schema = Ack.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ACK_SCHEMA_URI, **schema}
