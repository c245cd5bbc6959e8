#!/usr/bin/python3
"""A Hikvision-style camera on 127.0.0.1: plays video files over RTSP, is set over ISAPI, and has real cameras' faults.

Run it with the SYSTEM python (apt: gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good
gstreamer1.0-plugins-bad); nothing of the agent is imported, so it serves demos as well as tests:

    /usr/bin/python3 scripts/simulated_camera.py --main street.mp4 --user admin --password secret --loop --web-port 0

Serves H.264 or H.265 from MP4 files without encoding anew, as /Streaming/Channels/101 (main) and 102 (sub), each
client from the file's beginning. Prints `ready PORT`, with --web-port `ready PORT WEB_PORT`, when it listens, and ends
with SIGTERM or SIGINT. docs/doctor.md tells more.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import gi

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a file

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtsp, GstRtspServer  # noqa: E402

from scripts.hikvision.logins import ALGORITHMS, Door, Lockout  # noqa: E402
from scripts.hikvision.settings import StreamSettings, Video  # noqa: E402
from scripts.hikvision.web import Camera, serve  # noqa: E402

ROLE = "user"
REALM = "IP Camera(SIM)"


@dataclass(frozen=True)
class Unit:
    """One access unit (picture) of the file, times in nanoseconds from its beginning."""

    data: bytes
    pts: int
    dts: int
    duration: int
    keyframe: bool


@dataclass(frozen=True)
class Film:
    """A file's pictures, and what they are."""

    units: list[Unit]
    video: Video


@cache
def read_film(path: Path, codec: str) -> Film:
    """Every picture of an MP4 file, still encoded, as a byte stream with parameter sets before each keyframe."""
    pipeline = Gst.parse_launch(
        f'filesrc location="{path}" ! qtdemux ! {codec}parse config-interval=-1 '
        f"! video/x-{codec},stream-format=byte-stream,alignment=au ! appsink name=out sync=false"
    )
    out = pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)
    units: list[Unit] = []
    size = (0, 0)
    while (sample := GstApp.AppSink.pull_sample(out)) is not None:
        buffer = sample.get_buffer()
        pts = buffer.pts if buffer.pts != Gst.CLOCK_TIME_NONE else buffer.dts
        dts = buffer.dts if buffer.dts != Gst.CLOCK_TIME_NONE else pts
        keyframe = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        units.append(Unit(buffer.extract_dup(0, buffer.get_size()), pts, dts, buffer.duration, keyframe))
        shape = sample.get_caps().get_structure(0)
        size = (shape.get_int("width").value, shape.get_int("height").value)
    pipeline.set_state(Gst.State.NULL)
    if not units:
        raise SystemExit(f"{path}: expected an MP4 file with a {codec} track, found no picture of it")
    starts = [number for number, unit in enumerate(units) if unit.keyframe] + [len(units)]
    gop = max(end - start for start, end in pairwise(starts))
    lasts_s = (max(unit.pts for unit in units) - min(unit.pts for unit in units)) / Gst.SECOND
    fps = round((len(units) - 1) / lasts_s, 2) if lasts_s else 25.0
    return Film(units, Video(codec=codec, width=size[0], height=size[1], fps=fps, gop=gop))


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


def factory(film: Callable[[], Film], options: argparse.Namespace) -> Any:
    """A mount point that plays a film from its beginning to every client; which one is asked for each of them."""
    codec = options.codec
    media_factory = GstRtspServer.RTSPMediaFactory()
    media_factory.set_launch(
        f"( appsrc name=units format=time is-live=false block=false max-bytes=400000 "
        f"caps=video/x-{codec},stream-format=byte-stream,alignment=au "
        f"! {codec}parse config-interval=-1 ! video/x-{codec},alignment=au ! rtp{codec}pay name=pay0 pt=96 )"
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
        playback = Playback(film().units, options)
        media.get_element().get_by_name("units").connect("need-data", playback.push_next)

    media_factory.connect("media-configure", configure)
    return media_factory


class CountingAuth(GstRtspServer.RTSPAuth):  # type: ignore[misc]
    """GStreamer's own digest, which knows neither a lock-out nor SHA-256, with the first of them added."""

    def __init__(self, lockout: Lockout) -> None:
        super().__init__()
        self._lockout = lockout

    def do_authenticate(self, context: Any) -> bool:
        """Give the request a token when its login is right; without one it is refused."""
        _, login = context.request.get_header(GstRtsp.RTSPHeaderField.AUTHORIZATION, 0)
        address = context.conn.get_ip()
        if login and self._lockout.open_to(address):
            GstRtspServer.RTSPAuth.do_authenticate(self, context)
            self._lockout.judged(address, right=context.token is not None)
        return True


def authentication(options: argparse.Namespace, lockout: Lockout) -> Any:
    """Digest (as cameras ship) or basic."""
    auth = CountingAuth(lockout)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    if options.auth == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
        if options.rtsp_digest != "MD5":
            # GStreamer writes the realm between quotes. Nobody gets in that way; FFmpeg's clients could not anyway.
            auth.set_realm(f'{REALM}", algorithm="{options.rtsp_digest}", opaque="')
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    return auth


def door(options: argparse.Namespace, lockout: Lockout) -> Door:
    """The web service's login."""
    return Door(options.user, options.password, algorithm=options.web_digest, realm=REALM, lockout=lockout)


def jpeg_of(path: Path) -> bytes | None:
    """The first picture of a file, by ffmpeg; None where that is not installed."""
    if shutil.which("ffmpeg") is None:
        return None
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-frames:v", "1", "-f", "mjpeg", "-"]
    return subprocess.run(command, capture_output=True, check=False).stdout or None


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
    web = parser.add_argument_group("ISAPI")
    web.add_argument("--web-port", type=int, help="serve ISAPI there; 0: any free port")
    web.add_argument("--rtsp-digest", choices=sorted(ALGORITHMS), default="MD5", help="for the RTSP login")
    web.add_argument("--web-digest", choices=sorted(ALGORITHMS), default="MD5", help="for the ISAPI login")
    web.add_argument(
        "--lock-after", type=int, default=5, help="bad logins that lock an address, RTSP and ISAPI together"
    )
    web.add_argument("--smart", action="store_true", help="smart codec (H.264+/H.265+) is told to be on")
    web.add_argument("--stubborn", action="store_true", help="smart codec cannot be switched off, which nobody says")
    web.add_argument("--least-gop", type=int, default=1, metavar="N", help="shorter GOPs are clamped without a word")
    web.add_argument("--calm", type=Path, help="MP4 file that 102 plays once its GOP is short and smart codec off")
    web.add_argument("--clock-offset", type=float, default=0.0, metavar="S", help="its clock is so many seconds ahead")
    return parser.parse_args(arguments)


def main() -> None:
    """Serve until told to stop."""
    options = parse()
    Gst.init(None)
    lockout = Lockout(options.lock_after)
    main_film = read_film(options.main, options.codec)
    sub_film = read_film(options.sub or options.main, options.codec)
    calm_film = read_film(options.calm, options.codec) if options.calm else sub_film
    gops = (options.least_gop, 400)
    streams = {
        channel: StreamSettings(channel, film.video, smart=options.smart, stubborn=options.stubborn, gops=gops)
        for channel, film in ((101, main_film), (102, sub_film))
    }
    server = GstRtspServer.RTSPServer()
    server.set_address(options.host)
    server.set_service(str(options.port))
    if options.auth != "none":
        server.set_auth(authentication(options, lockout))
    mounts = server.get_mount_points()
    mounts.add_factory("/Streaming/Channels/101", factory(lambda: main_film, options))
    mounts.add_factory(
        "/Streaming/Channels/102", factory(lambda: calm_film if streams[102].calm else sub_film, options)
    )
    if server.attach(None) == 0:
        raise SystemExit(f"{options.host}:{options.port}: cannot listen there; is the port taken?")
    ports = [server.get_bound_port()]
    if options.web_port is not None:
        camera = Camera(
            streams=streams,
            door=None if options.auth == "none" else door(options, lockout),
            lockout=lockout,
            picture=lambda: jpeg_of(options.main),
            clock_offset_s=options.clock_offset,
        )
        ports.append(serve(camera, options.host, options.web_port))
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    print("ready", *ports, flush=True)
    loop.run()


if __name__ == "__main__":
    main()
