"""The cameras, their zones, and the rules that hold there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, create_model

from agent.config.kinds import CameraUrl, Id, MainStreamUrl, Point
from agent.config.secrets import Secret
from agent.config.sections.box import LocationConfig
from agent.config.sections.section import Section, Text
from agent.core.address_secrets import without_secrets
from agent.core.camera_health import CameraHealthSettings
from agent.core.quantities import Seconds
from agent.core.rules import RULES, RuleSettings


class RulesBase(Section):
    """The rules of a zone, one key for each."""

    def items(self) -> Iterator[tuple[str, RuleSettings]]:
        """Name and settings of every rule that is set, in the registry's order."""
        for name in RULES:
            if (settings := getattr(self, name)) is not None:
                yield name, settings


if TYPE_CHECKING:
    RulesConfig = RulesBase
else:

    def _rule_fields() -> dict[str, Any]:
        described = {name: (rule.__doc__ or name).strip().splitlines()[0] for name, rule in RULES.items()}
        return {
            name: (rule.Settings | None, Field(None, description=described[name], examples=[{}]))
            for name, rule in RULES.items()
        }

    RulesConfig = create_model("RulesConfig", __base__=RulesBase, __module__=__name__, **_rule_fields())


class ZoneConfig(Section):
    """A part of the picture and the rules that hold there."""

    id: Id = Field(description="Name of the zone, unique within the camera.", examples=["kerb"])
    name: Text | None = Field(None, description="Name for people.", examples=["东门路缘"])
    polygon: tuple[Point, ...] = Field(
        max_length=100,
        json_schema_extra={"minItems": 3},  # that they are different ones, and more, is told by `polygon`
        description="Corners in order, x and y in 0..1 of the picture's width and height, from its upper left.",
        examples=[[[0.1, 0.6], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]],
    )
    rules: RulesConfig = Field(RulesConfig(), description="What is not allowed here.")


class CameraConfig(Section):
    """One camera."""

    id: Id = Field(description="Name of the camera, unique in the file.", examples=["gate"])
    name: Text | None = Field(None, description="Name for people.", examples=["东门"])
    url: CameraUrl = Field(
        description="RTSP address, best of the sub-stream; or a video file.",
        examples=["rtsp://192.168.1.64:554/Streaming/Channels/102"],
    )
    username: Text | None = Field(None, description="Login at the camera.", examples=["admin"])
    password: Secret | None = Field(None, description="Its password.", examples=[{"env": "CAMERA_PASSWORD"}])
    main_stream: MainStreamUrl = Field(
        "auto",
        description="Where evidence pictures come from: an http:// or rtsp:// address; off: the url above; auto: of a "
        "Hikvision sub-stream its main stream, by ISAPI or one keyframe. Where the camera's web port is not 80, an "
        "address with it, for example http://192.168.1.64:8080/ISAPI/Streaming/channels/101/picture (doctor goes "
        "there, too).",
    )
    decode: Literal["auto", "keyframes", "all"] = Field(
        "auto", description="Which pictures are decoded; auto: keyframes, or all when they come too rarely."
    )
    sample_every: Seconds = Field(
        1.0,
        ge=0.1,
        le=30,  # half of tracker.BLIND_AFTER_S: looks that far apart must not count as blindness, even one being lost
        description="Shortest time between two analysed pictures, at most 30s; faster keyframes are skipped.",
    )
    open_timeout: Seconds = Field(5.0, ge=1, le=60, description="How long connecting may take.")
    read_timeout: Seconds = Field(
        8.0, ge=1, le=10, description="Silence after which the stream counts as stalled; at most 10s."
    )
    location: LocationConfig | None = Field(None, description="Where the camera stands; default: where the box does.")
    health: CameraHealthSettings = Field(
        CameraHealthSettings(), description="When the camera's own faults are incidents."
    )
    zones: tuple[ZoneConfig, ...] = Field((), description="Where in the picture which rules hold.")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """An address may hold a password among its parameters."""
        for name, value in super().__repr_args__():
            yield name, without_secrets(value) if isinstance(value, str) else value

    @property
    def video_file(self) -> Path | None:
        """The file when the camera is a recorded video, else None."""
        return Path(self.url.removeprefix("file:")) if self.url.startswith("file:") else None
