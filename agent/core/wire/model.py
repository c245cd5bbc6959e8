"""The event as a platform sees it. Rendering, parsing and the JSON Schema all come from these models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from agent.core.types import Channel, CloseReason, Severity, UpdateReason

EVENT_SCHEMA_URI = "urn:cityeye:schema:event:1"
"""`dataschema` of every event of this version. A change that is not a mere addition gets a new number."""

_UTC_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"


def _to_utc_ms(value: datetime) -> datetime:
    value = value.astimezone(UTC)
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _rfc3339(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _rounded(digits: int) -> AfterValidator:
    return AfterValidator(lambda value: round(value, digits))


Utc = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc_ms),
    PlainSerializer(_rfc3339, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _UTC_PATTERN}),
]
"""RFC 3339, UTC, always with milliseconds."""
Duration = Annotated[float, Field(ge=0, allow_inf_nan=False), _rounded(1)]
"""Seconds, to a tenth."""
Interval = Annotated[float, Field(ge=0, allow_inf_nan=False), _rounded(3)]
"""Seconds, to a thousandth: for times between pictures."""
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), _rounded(3)]
Share = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False), _rounded(4)]
"""A coordinate in 0..1 of the picture; a box may stick out of it a little."""
Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), _rounded(7)]


class _Part(BaseModel):
    """Unknown members are ignored by a reader: a later agent may add some within the same version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Title(_Part):
    """One line for people."""

    zh: str
    en: str


class Times(_Part):
    """When it was first seen, became an incident, was last seen, and was closed (null while open)."""

    first_seen: Utc
    opened: Utc
    last_seen: Utc
    closed: Utc | None


class ObjectPart(_Part):
    """One object; `box` is x1 y1 x2 y2 in 0..1 of the picture."""

    class_name: str = Field(alias="class")
    score: Score
    box: tuple[Share, Share, Share, Share]

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class LocationPart(_Part):
    """Where the camera stands."""

    lon: Degrees
    lat: Degrees
    crs: str
    grid_code: str | None


class Codes(_Part):
    """What the city's code system calls it."""

    code_system: str
    code: str
    name: str


class EvidencePart(_Part):
    """A picture that was kept; it is sent on the evidence topic or lies in the object store."""

    id: UUID
    kind: str
    sha256: str
    bytes: int = Field(ge=0)
    mime: str
    captured_at: Utc


class ClockPart(_Part):
    """How far the times can be trusted."""

    synced: bool
    source: str
    uncertainty_ms: int | None


class ModelPart(_Part):
    """Which model was looking."""

    name: str
    sha256: str


class EventData(_Part):
    """The incident as of this event. `objects` holds the first of `objects_total` when all would not fit.

    `kind` is the row of the site's taxonomy: a manned stall and goods put out are kinds of one rule.
    `previous_incident` links a re-occurrence to the incident that stood there before; `update_reason` says why an
    `updated` event was sent. Both came after the first agents, so a reader must take their absence as null.
    """

    incident: UUID
    revision: int = Field(ge=1)
    camera: str
    zone: str
    rule: str
    kind: str
    title: Title
    severity: Severity
    times: Times
    dwell_s: Duration
    blind_s: Duration
    objects: tuple[ObjectPart, ...]
    objects_total: int = Field(ge=0)
    channel: Channel
    location: LocationPart | None
    codes: Codes | None
    evidence: tuple[EvidencePart, ...]
    evidence_note: str | None
    close_reason: CloseReason | None
    clock: ClockPart
    config_version: str
    model: ModelPart | None
    previous_incident: UUID | None = None
    update_reason: UpdateReason | None = None


class CloudEvent(_Part):
    """CloudEvents 1.0, structured mode. Upsert on (source, id); `sequence` has no gaps per source."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(pattern=r"^/cityeye/[^/]+/[^/]+$")
    type: str = Field(pattern=r"^cityeye\.[a-z0-9_]+\.(opened|updated|closed)$")
    subject: UUID
    time: Utc
    dataschema: str
    sequence: str = Field(pattern=r"^\d{20}$")
    data: EventData


def event_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an event."""
    schema = CloudEvent.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": EVENT_SCHEMA_URI, **schema}
