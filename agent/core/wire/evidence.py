"""One picture per packet, on `evidence`: a CloudEvent in JSON whose data is the JPEG in base 64.

JSON and not the bare JPEG, because MQTT 3.1.1 has no properties that could say which picture it is. The price is a
third more bytes; where that matters, an object store takes the pictures.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agent.core.types import Evidence, Message
from agent.core.wire.event import EVENT_CONTENT_TYPE, clip, dump
from agent.core.wire.facts import BoxFacts
from agent.core.wire.model import Utc
from agent.core.wire.size import packet_bytes
from agent.core.wire.topics import source, topic

EVIDENCE_SCHEMA_URI = "urn:cityeye:schema:evidence:1"
MAX_EVIDENCE_PACKET_BYTES = 2**20
"""EMQX's `mqtt.max_packet_size` is 1 MB out of the box; Mosquitto 2.1 allows 2,000,000 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOf:
    """What a picture belongs to: an incident and the event that names it, or a `snapshot` command."""

    camera: str
    incident: UUID | None = None
    sequence: int | None = None
    command_id: str | None = None


class EvidenceEvent(BaseModel):
    """CloudEvents 1.0, structured mode. `id` is the evidence id that the event names; `subject` its incident.

    `kind`, `sha256`, `camera`, `eventsequence` and `commandid` are extension attributes; `time` is when it was taken.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(pattern=r"^/cityeye/[^/]+/[^/]+$")
    type: Literal["cityeye.evidence"] = "cityeye.evidence"
    subject: UUID | None
    time: Utc
    dataschema: str
    datacontenttype: str
    kind: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    camera: str
    eventsequence: str | None = Field(pattern=r"^\d{20}$")
    commandid: str | None
    data_base64: str = Field(json_schema_extra={"contentEncoding": "base64"})

    def picture(self) -> bytes:
        """The picture's bytes. Raises ValueError where they are not those that `sha256` promises."""
        try:
            data = base64.b64decode(self.data_base64, validate=True)
        except binascii.Error as error:
            raise ValueError(f"evidence {self.id}: data_base64: expected base 64, {error}") from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ValueError(f"evidence {self.id}: the picture's sha256 is not {self.sha256}")
        return data


def evidence_message(kept: Evidence, data: bytes, about: EvidenceOf, facts: BoxFacts) -> Message:
    """The message of one picture; `data` are the bytes of the file, whose hash `kept` has.

    Raises:
        ValueError: it would not fit; encode it to at most `largest_picture_bytes`.
    """
    message = _message(kept, base64.b64encode(data).decode("ascii"), about, facts)
    if packet_bytes(message) > MAX_EVIDENCE_PACKET_BYTES:
        limit = largest_picture_bytes(kept, about, facts)
        raise ValueError(f"evidence {kept.evidence_id}: expected at most {limit} bytes of picture, found {len(data)}")
    return message


def largest_picture_bytes(kept: Evidence, about: EvidenceOf, facts: BoxFacts) -> int:
    """How many bytes the picture may have so that its packet fits: base 64 makes four of three."""
    return (MAX_EVIDENCE_PACKET_BYTES - packet_bytes(_message(kept, "", about, facts))) // 4 * 3


def parse_evidence(payload: bytes) -> EvidenceEvent:
    """Read a picture's message back. Raises pydantic.ValidationError naming every member that is wrong."""
    return EvidenceEvent.model_validate_json(payload)


def evidence_schema() -> dict[str, Any]:
    """The JSON Schema of `evidence`."""
    schema = EvidenceEvent.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": EVIDENCE_SCHEMA_URI, **schema}


def _message(kept: Evidence, text: str, about: EvidenceOf, facts: BoxFacts) -> Message:
    body = EvidenceEvent(
        id=kept.evidence_id,
        source=source(facts),
        subject=about.incident,
        time=kept.captured_at,
        dataschema=EVIDENCE_SCHEMA_URI,
        datacontenttype=clip(kept.mime),
        kind=clip(kept.kind),
        sha256=kept.sha256,
        camera=clip(about.camera),
        eventsequence=None if about.sequence is None else f"{about.sequence:020d}",
        commandid=about.command_id,
        data_base64=text,
    )
    return Message(topic=topic(facts, "evidence"), payload=dump(body), content_type=EVENT_CONTENT_TYPE)
