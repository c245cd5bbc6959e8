"""The box itself: what it is called, where it stands, what it keeps, and how it names things."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from agent.config.kinds import AnyPath, Id, TimeZone
from agent.config.listen import Listen
from agent.config.put_url import PutUrl
from agent.config.sections.section import Section, Text
from agent.core.quantities import Bytes
from agent.core.taxonomy import GBT_2026


class LocationConfig(Section):
    """Where it stands, for the centre's map."""

    lon: float = Field(ge=-180, le=180, description="Longitude in degrees.", examples=[121.4737])
    lat: float = Field(ge=-90, le=90, description="Latitude in degrees.", examples=[31.2304])
    crs: Literal["wgs84", "gcj02"] = Field("wgs84", description="What the two are in: GPS, or China's map grid.")
    grid_code: Text | None = Field(None, description="The city-management grid cell.", examples=["310101001001"])


class BoxConfig(Section):
    """This box."""

    id: Id = Field("box-1", description="Name of this box, unique within the tenant; part of every topic.")
    tenant: Id = Field("default", description="Whose box it is; part of every topic.")
    time_zone: TimeZone = Field("Asia/Shanghai", description="Time zone of the site, for calendars and the log.")
    location: LocationConfig | None = Field(None, description="Where the box stands; cameras may differ.")


class StorageConfig(Section):
    """What the box keeps."""

    folder: AnyPath = Field(Path("data"), description="Database and pictures.", validate_default=True)
    evidence_quota: Bytes = Field(2 * 10**9, ge=10**7, description="Most that pictures may take; the oldest go first.")
    evidence_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days after which pictures are deleted; those of incidents that are open or not delivered stay.",
    )
    keep_free: Bytes = Field(
        200 * 10**6, ge=0, description="Room on the disk that pictures and observations never take."
    )
    observations_quota: Bytes = Field(
        2 * 2**30,
        ge=0,
        description="Most that observations may take, for trying another configuration on them; 0B: none.",
    )
    observations_days: int = Field(
        7, ge=0, le=365, description="Days after which observations are deleted; 0: none are kept."
    )


class EvidenceConfig(Section):
    """What evidence pictures show, and how they reach the centre."""

    send: Literal["mqtt", "put", "off"] = Field(
        "mqtt",
        description="How pictures reach the centre. mqtt: on the box's `evidence` topic, when no event waits; put: by "
        "HTTP PUT to put_url; off: they stay on the box.",
    )
    put_url: PutUrl | None = Field(
        None,
        description="With send: put, where to: an address with {id}, and with {tenant}, {box}, {camera}, {date}, "
        "{incident} and {kind} as needed. Where it holds a signature, keep it outside the file, as a password.",
        examples=[{"env": "EVIDENCE_PUT_URL"}],
    )
    blur: tuple[Literal["faces", "plates"], ...] = Field(
        ("faces", "plates"),
        description="What is made unrecognisable before a picture is kept; plates: where the incident is not about "
        "parking. docs/privacy.md says how, and what can be missed.",
    )
    face_model: AnyPath | None = Field(
        None,
        description="YuNet, to find faces that the detector's boxes miss; default: yunet_n_640_640.onnx in "
        "model.folder, when it lies there.",
        examples=["models/yunet_n_640_640.onnx"],
    )
    plate_model: AnyPath | None = Field(
        None,
        description="HyperLPR's plate detector, likewise; default: hyperlpr_y5fu_320x_sim.onnx in model.folder, when "
        "it lies there.",
        examples=["models/hyperlpr_y5fu_320x_sim.onnx"],
    )


class MetricsConfig(Section):
    """What other programs may ask this box about itself, over HTTP: /metrics, /healthz and /readyz."""

    listen: Listen = Field(
        "off",
        description="Address and port to answer at, without a login; off: nowhere. 127.0.0.1 is for programs on this "
        "box only, an address of the box in the LAN for those that can reach it there.",
        examples=["127.0.0.1:9105"],
    )


class TaxonomyConfig(Section):
    """How violations are named on the wire."""

    code_system: Text = Field(
        GBT_2026, description="Code system of the city's platform: one of the crosswalk's code_systems."
    )
    file: AnyPath | None = Field(
        None,
        description="The site's own crosswalk, in the form of configs/taxonomy.yaml; default: the agent's.",
        examples=["configs/taxonomy.yaml"],
    )
