#!/usr/bin/python3
"""Virtual cameras on 127.0.0.1: each file is played over RTSP to each client from its beginning, never encoded anew.

Run it with the SYSTEM python, as scripts/simulated_camera.py, which can do more but costs more for each camera:

    /usr/bin/python3 scripts/capacity/rtsp_server.py --codec h264 street-0.mp4 street-1.mp4

File k is /Streaming/Channels/{k}01, counting from 1. Prints `ready PORT` when it listens; SIGTERM and SIGINT end it.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

BACKLOG = 256


def launch_line(file: Path, codec: str) -> str:
    """Parameter sets are put in by the parser: where the payloader does it, keyframes of several slices are torn."""
    return (
        f'( filesrc location="{file}" ! qtdemux ! {codec}parse config-interval=-1 '
        f"! video/x-{codec},stream-format=byte-stream,alignment=au ! rtp{codec}pay name=pay0 pt=96 )"
    )


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--codec", choices=("h264", "h265"), default="h264")
    parser.add_argument("--port", type=int, default=0, help="0: any free port, printed as `ready PORT`")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    server.set_backlog(BACKLOG)
    for number, file in enumerate(options.files, 1):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch_line(file, options.codec))
        factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
        server.get_mount_points().add_factory(f"/Streaming/Channels/{number}01", factory)
    if server.attach(None) == 0:
        raise SystemExit(f"127.0.0.1:{options.port}: cannot listen there; is the port taken?")
    loop = GLib.MainLoop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, sign, loop.quit)
    print(f"ready {server.get_bound_port()}", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
