#!/usr/bin/python3
"""A Hikvision-style camera on 127.0.0.1: plays video files over RTSP, with the faults that real cameras have.

Run it with the SYSTEM python (apt: gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good
gstreamer1.0-plugins-bad); nothing of the agent is imported, so it serves demos as well as tests:

    /usr/bin/python3 simulated_camera.py --main street.mp4 --user admin --password secret --loop

Serves H.264 or H.265 from MP4 files without encoding anew, as /Streaming/Channels/101 (main) and 102 (sub), each
client from the file's beginning. Prints `ready PORT` when it listens, and ends with SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtsp, GstRtspServer  # noqa: E402

ROLE = "user"


@dataclass(frozen=True)
class Unit:
    """One access unit (picture) of the file, times in nanoseconds from its beginning."""

    data: bytes
    pts: int
    dts: int
    duration: int


def read_units(path: Path, codec: str) -> list[Unit]:
    """Every picture of an MP4 file, still encoded, as a byte stream with parameter sets before each keyframe."""
    pipeline = Gst.parse_launch(
        f'filesrc location="{path}" ! qtdemux ! {codec}parse config-interval=-1 '
        f"! video/x-{codec},stream-format=byte-stream,alignment=au ! appsink name=out sync=false"
    )
    out = pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)
    units: list[Unit] = []
    while (sample := GstApp.AppSink.pull_sample(out)) is not None:
        buffer = sample.get_buffer()
        pts = buffer.pts if buffer.pts != Gst.CLOCK_TIME_NONE else buffer.dts
        dts = buffer.dts if buffer.dts != Gst.CLOCK_TIME_NONE else pts
        units.append(Unit(buffer.extract_dup(0, buffer.get_size()), pts, dts, buffer.duration))
    pipeline.set_state(Gst.State.NULL)
    if not units:
        raise SystemExit(f"{path}: expected an MP4 file with a {codec} track, found no picture of it")
    return units


class Playback:
    """Feeds one client session: paces by time stamps, and acts out the fault that was asked for."""

    def __init__(self, units: list[Unit], options: argparse.Namespace) -> None:
        self.units = units
        self.options = options
        self.position = 0
        self.offset = 0
        self.length = units[-1].pts + max(units[-1].duration, 1) if units[-1].duration < 2**62 else units[-1].pts

    def push_next(self, source: Any, _length: int) -> None:
        """Answer appsrc's `need-data` with one picture, or with silence, or with the end."""
        if self.position == len(self.units):
            if not self.options.loop:
                source.emit("end-of-stream")
                return
            self.position, self.offset = 0, self.offset + self.length
        unit = self.units[self.position]
        played_s = (self.offset + unit.dts) / Gst.SECOND
        if self.options.stall_after is not None and played_s >= self.options.stall_after:
            return
        if self.options.end_after is not None and played_s >= self.options.end_after:
            source.emit("end-of-stream")
            return
        self.position += 1
        buffer = Gst.Buffer.new_wrapped(unit.data)
        buffer.pts = int((self.offset + unit.pts) / self.options.speed)
        buffer.dts = int((self.offset + unit.dts) / self.options.speed)
        source.emit("push-buffer", buffer)


def factory(path: Path, codec: str, options: argparse.Namespace) -> Any:
    """A mount point that plays the file from its beginning to every client."""
    units = read_units(path, codec)
    media_factory = GstRtspServer.RTSPMediaFactory()
    media_factory.set_launch(
        f"( appsrc name=units format=time is-live=false block=false max-bytes=400000 "
        f"caps=video/x-{codec},stream-format=byte-stream,alignment=au "
        f"! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"
    )
    media_factory.set_shared(options.shared)
    # TCP only, as the agent asks for; a camera that falls back to UDP would hide a wrong client setting.
    media_factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    if options.auth != "none":
        media_factory.add_role_from_structure(
            Gst.Structure.new_from_string(
                f"{ROLE}, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            )
        )

    def configure(_factory: Any, media: Any) -> None:
        playback = Playback(units, options)
        media.get_element().get_by_name("units").connect("need-data", playback.push_next)

    media_factory.connect("media-configure", configure)
    return media_factory


def authentication(options: argparse.Namespace) -> Any:
    """Digest (as cameras ship) or basic."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    if options.auth == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    return auth


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--main", type=Path, required=True, help="MP4 file of /Streaming/Channels/101")
    parser.add_argument("--sub", type=Path, help="MP4 file of /Streaming/Channels/102 (default: as --main)")
    parser.add_argument("--codec", choices=("h264", "h265"), default="h264")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port, printed as `ready PORT`")
    parser.add_argument("--auth", choices=("digest", "basic", "none"), default="digest")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default="camera-pass")
    parser.add_argument("--loop", action="store_true", help="start over at the end of the file, without a cut")
    parser.add_argument("--speed", type=float, default=1.0, help="play this many times as fast")
    parser.add_argument("--stall-after", type=float, metavar="S", help="send nothing more after S seconds of video")
    parser.add_argument("--end-after", type=float, metavar="S", help="end the stream after S seconds of video")
    parser.add_argument("--shared", action="store_true", help="all clients watch one playback (cheaper)")
    return parser.parse_args(arguments)


def main() -> None:
    """Serve until told to stop."""
    options = parse()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(options.host)
    server.set_service(str(options.port))
    if options.auth != "none":
        server.set_auth(authentication(options))
    mounts = server.get_mount_points()
    mounts.add_factory("/Streaming/Channels/101", factory(options.main, options.codec, options))
    mounts.add_factory("/Streaming/Channels/102", factory(options.sub or options.main, options.codec, options))
    if server.attach(None) == 0:
        raise SystemExit(f"{options.host}:{options.port}: cannot listen there; is the port taken?")
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    print(f"ready {server.get_bound_port()}", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
