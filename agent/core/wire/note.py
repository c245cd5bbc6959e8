"""What a person at the box said about an incident, as a CloudEvent beside the events of that incident.

It counts in the box's `sequence` as they do, and comes in order with them; it has no revision, for it changes nothing
of how the incident stands. What the centre said itself is not told here: it has its answer.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agent.core.notes import BoxNote, Said
from agent.core.types import Message
from agent.core.wire.command import DismissReason
from agent.core.wire.event import EVENT_CONTENT_TYPE, clip, dump, place_name
from agent.core.wire.facts import BoxFacts, ClockInfo
from agent.core.wire.model import ClockPart, Title, Utc
from agent.core.wire.topics import source, topic

NOTE_SCHEMA_URI = "urn:cityeye:schema:note:1"
"""`dataschema` of every note of this version."""
_BY_CHARS = 128
_NOTE_CHARS = 1000
_WORDS = {
    Said.ACKNOWLEDGED: ("：现场人员已知悉", ": acknowledged at the box"),
    Said.DISMISSED: ("：已在现场设备上撤销", ": dismissed at the box"),
    Said.DISMISSAL_WITHDRAWN: ("：已在现场设备上取消撤销", ": dismissal taken back at the box"),
}


class NoteData(BaseModel):
    """What was said, of which incident, by whom. A reader ignores a `said` that it does not know.

    `reason` and `until` are those of a dismissal (`until` null: until it is taken back), else null. `by` is the name
    with which somebody logged in at the box, `local` where nobody has to, null where it is not known; `note` is in that
    person's own words.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    incident: UUID
    camera: str
    zone: str
    rule: str
    title: Title
    said: Said
    reason: DismissReason | None
    until: Utc | None
    by: str | None = Field(max_length=_BY_CHARS)
    note: str | None = Field(max_length=_NOTE_CHARS)
    clock: ClockPart
    config_version: str


class NoteEvent(BaseModel):
    """CloudEvents 1.0, structured mode. Upsert on (source, id); `sequence` is that of the box's events."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(pattern=r"^/cityeye/[^/]+/[^/]+$")
    type: str = Field(pattern=r"^cityeye\.[a-z0-9_]+\.noted$")
    subject: UUID
    time: Utc
    dataschema: str
    sequence: str = Field(pattern=r"^\d{20}$")
    data: NoteData


def note_message(note: BoxNote, sequence: int, facts: BoxFacts, clock: ClockInfo) -> Message:
    """The message of a note, final once made; a few kilobytes at most."""
    body = NoteEvent(
        id=note.minted(sequence),
        source=source(facts),
        type=f"cityeye.{note.rule}.noted",
        subject=note.incident_id,
        time=note.at,
        dataschema=NOTE_SCHEMA_URI,
        sequence=f"{sequence:020d}",
        data=NoteData(
            incident=note.incident_id,
            camera=note.camera,
            zone=note.zone,
            rule=note.rule,
            title=_title(note, facts),
            said=note.said,
            reason=None if note.reason is None else DismissReason(note.reason),
            until=note.until,
            by=None if note.by is None else clip(note.by, _BY_CHARS),
            note=None if note.note is None else clip(note.note, _NOTE_CHARS),
            clock=ClockPart(synced=clock.synced, source=clip(clock.source), uncertainty_ms=clock.uncertainty_ms),
            config_version=facts.config_version,
        ),
    )
    return Message(topic=topic(facts, "event"), payload=dump(body), content_type=EVENT_CONTENT_TYPE)


def parse_note(payload: bytes) -> NoteEvent:
    """Read a note back. Raises pydantic.ValidationError naming every member that is wrong."""
    return NoteEvent.model_validate_json(payload)


def note_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a note."""
    schema = NoteEvent.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": NOTE_SCHEMA_URI, **schema}


def _title(note: BoxNote, facts: BoxFacts) -> Title:
    classes = [] if note.class_name is None else [note.class_name]
    violation = facts.taxonomy.classify(note.rule, classes, note.channel, note.kind)
    zh_end, en_end = _WORDS[note.said]
    place = place_name(facts, note.camera, note.zone)
    return Title(zh=f"{violation.zh}{zh_end} · {place}", en=f"{violation.en}{en_end} · {place}")
