"""Where a picture goes in an object store: an address made from a pattern with placeholders."""

from __future__ import annotations

import re
from datetime import UTC
from urllib.parse import quote

from agent.core.types import Evidence
from agent.core.wire import BoxFacts, EvidenceOf

PLACEHOLDERS = ("tenant", "box", "camera", "date", "incident", "kind", "id")
"""`{date}` is the day (UTC) on which the picture was taken, `{id}` the evidence id that the event names."""
NO_INCIDENT = "no-incident"
"""What `{incident}` is for the picture of a command that is about none."""
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def picture_address(pattern: str, picture: Evidence, about: EvidenceOf, facts: BoxFacts) -> str:
    """The address of one picture; the same one every time. What is filled in cannot leave its place in the path."""
    values = {
        "tenant": facts.tenant,
        "box": facts.box,
        "camera": about.camera,
        "date": picture.captured_at.astimezone(UTC).date().isoformat(),
        "incident": NO_INCIDENT if about.incident is None else str(about.incident),
        "kind": picture.kind,
        "id": str(picture.evidence_id),
    }
    return PLACEHOLDER.sub(lambda match: quote(values[match[1]], safe=""), pattern)
