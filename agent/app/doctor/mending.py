"""Which settings a stream should have, and what the camera makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.adapters.isapi import IsapiCamera, StreamSettings, Wanted
from agent.app.doctor.findings import Finding, Findings, Value
from agent.core.errors import CityEyeError

GOP_MOST_S = 4.0
GOP_S = 2.0
"""What a GOP may be, and what it is set to: a keyframe is a look at the street, and looks 1 to 4 s apart are usual."""
CLAMPED_S = 0.1
"""From here on, what the camera took is not what it was asked for; less is rounding to whole pictures."""
H264, H265 = "H.264", "H.265"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mendable:
    """A stream whose settings could be better, and a way to set them. `main`: recordings are made of it."""

    camera: str
    settings: StreamSettings
    wanted: Wanted
    way: IsapiCamera
    main: bool

    @property
    def target(self) -> StreamSettings:
        """How it would be set."""
        return told_after(self.settings, self.wanted)


def wanted_for(settings: StreamSettings, *, main: bool) -> Wanted | None:
    """What to change; None: nothing. The main stream keeps its codec: recorders expect it."""
    gop_s = settings.gop_s
    wanted = Wanted(
        codec=H264 if not main and settings.codec not in (None, H264) else None,
        gop_s=GOP_S if gop_s is None or gop_s > GOP_MOST_S else None,
        smart=False if settings.smart else None,
        svc=False if settings.svc else None,
    )
    return None if wanted == Wanted() else wanted


def told_after(settings: StreamSettings, wanted: Wanted) -> StreamSettings:
    """The settings that a camera would tell if it took everything."""
    gop_s = wanted.gop_s
    return StreamSettings(
        channel=settings.channel,
        codec=wanted.codec or settings.codec,
        size_px=settings.size_px,
        fps=settings.fps,
        gop_frames=None if gop_s is not None else settings.gop_frames,
        keyframe_interval_ms=round(gop_s * 1000) if gop_s is not None else settings.keyframe_interval_ms,
        smart=settings.smart if wanted.smart is None else wanted.smart,
        svc=settings.svc if wanted.svc is None else wanted.svc,
    )


def shown(settings: StreamSettings) -> str:
    """In one line, the same in both languages: `H.265, GOP 10 s, SmartCodec on`."""
    size = "" if settings.size_px is None else f"{settings.size_px[0]}×{settings.size_px[1]}"
    rate = "" if settings.fps is None else f"{settings.fps:g} fps"
    gop = "" if settings.gop_s is None else f"GOP {settings.gop_s:.3g} s"
    switches = (("SmartCodec", settings.smart), ("SVC", settings.svc))
    told = [f"{name} {'on' if on else 'off'}" for name, on in switches if on is not None]
    return ", ".join(part for part in (settings.codec or "", size, rate, gop, *told) if part)


def after(tried: Sequence[Finding], found: Sequence[Finding]) -> list[Finding]:
    """What is found after mending was `tried`: what the camera did not take then, it will not take the next time."""
    vain = any(finding.code in ("mend_partly", "mend_refused") for finding in tried)
    wrong = ("settings_wrong", "settings_heavy")
    return [replace(f, code="settings_left") if vain and f.code in wrong else f for f in found]


def mend(mendable: Mendable) -> list[Finding]:
    """Change the settings; tells what the camera really took."""
    found, settings = Findings(mendable.camera), mendable.settings
    try:
        taken = mendable.way.set_stream(settings.channel, mendable.wanted)
    except CityEyeError as error:
        found.bad("mend", "mend_refused", str(error), channel=settings.channel)
        return found.list
    before, after = shown(taken.before), shown(taken.after)
    told: dict[str, Value] = {
        "channel": settings.channel,
        "before": before,
        "after": after,
        "wanted": shown(mendable.target),
    }
    left = wanted_for(taken.after, main=mendable.main)
    if left is not None:
        found.bad("mend", "mend_partly", **told)
    elif taken.restart:
        found.bad("mend", "mend_restart", **told)
    elif abs((taken.after.gop_s or 0.0) - (mendable.target.gop_s or 0.0)) > CLAMPED_S:
        found.note("mend", "mend_clamped", **told)
    else:
        found.good("mend", "mend_good", **told)
    return found.list
