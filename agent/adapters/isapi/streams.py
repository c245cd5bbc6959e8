"""How one stream is set (`/Streaming/channels/102`): read from the camera's XML, and written into it.

Hikvision's units: `maxFrameRate` is pictures per second times 100 (0: as many as there are), `GovLength` is the GOP in
pictures, `keyFrameInterval` the same in milliseconds; firmwares have one or both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from agent.adapters.isapi.xml import child, local, put, text
from agent.core.errors import CameraAnswerUnusable

_USUAL_FPS = 25.0
"""What a camera that does not tell its rate is taken to have; PAL, as sold in China."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What the camera says about one stream; None where it has no such setting.

    Attributes:
        codec: as Hikvision writes it: `H.264`, `H.265`, `MJPEG`.
        fps: pictures per second.
        gop_frames, keyframe_interval_ms: the distance of keyframes, in either unit.
        smart: H.264+ or H.265+, which stretches that distance as it likes. svc: scalable coding.
    """

    channel: int
    codec: str | None = None
    size_px: tuple[int, int] | None = None
    fps: float | None = None
    gop_frames: int | None = None
    keyframe_interval_ms: int | None = None
    smart: bool | None = None
    svc: bool | None = None

    @property
    def gop_s(self) -> float | None:
        """Seconds between keyframes as they are set."""
        if self.gop_frames is not None:
            return self.gop_frames / (self.fps or _USUAL_FPS)
        return None if self.keyframe_interval_ms is None else self.keyframe_interval_ms / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to change; None: leave it as it is."""

    codec: str | None = None
    gop_s: float | None = None
    smart: bool | None = None
    svc: bool | None = None


def settings_of(where: str, root: Element, channel: int) -> StreamSettings:
    """Raises CameraAnswerUnusable when this is another document."""
    video = child(root, "Video")
    if local(root) != "StreamingChannel" or video is None:
        raise CameraAnswerUnusable(
            f"{where}: expected a StreamingChannel with Video, found {local(root)[:40]!r}; is it a Hikvision camera?"
        )
    width, height = _number(video, "videoResolutionWidth"), _number(video, "videoResolutionHeight")
    rate = _number(video, "maxFrameRate")
    codec = text(video, "videoCodecType")
    return StreamSettings(
        channel=channel,
        codec=codec if codec and codec.isprintable() and len(codec) < 20 else None,
        size_px=(width, height) if width and height else None,
        fps=rate / 100 if rate else None,
        gop_frames=_number(video, "GovLength"),
        keyframe_interval_ms=_number(video, "keyFrameInterval"),
        smart=_switch(video, "SmartCodec"),
        svc=_switch(video, "SVC"),
    )


def change(root: Element, now: StreamSettings, wanted: Wanted) -> None:
    """Write the wanted settings into the camera's own document; everything else stays as the camera wrote it.

    Settings that the camera does not have are not added, but for a GOP that it tells in neither unit.
    """
    video = child(root, "Video")
    assert video is not None, "settings_of has seen it"
    if wanted.codec is not None:
        put(video, wanted.codec, "videoCodecType")
    if wanted.gop_s is not None:
        if now.keyframe_interval_ms is not None:
            put(video, str(round(wanted.gop_s * 1000)), "keyFrameInterval")
        if now.gop_frames is not None or now.keyframe_interval_ms is None:
            put(video, str(max(1, round(wanted.gop_s * (now.fps or _USUAL_FPS)))), "GovLength")
    for name, there, value in (("SmartCodec", now.smart, wanted.smart), ("SVC", now.svc, wanted.svc)):
        if there is not None and value is not None:
            put(video, str(value).lower(), name, "enabled")


def _number(video: Element, name: str) -> int | None:
    found = text(video, name) or ""
    return int(found) if re.fullmatch(r"[0-9]{1,9}", found) else None


def _switch(video: Element, name: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get((text(video, name, "enabled") or "").lower())
