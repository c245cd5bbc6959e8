"""How long each loop may give no sign of life before it counts as hanging.

Longer than the longest that it may honestly take for one turn, from the time-outs of what it calls; waits on purpose
are not counted (`runtime/pulse`). In seconds.
"""

from __future__ import annotations

from agent.config import CameraConfig
from agent.runtime.supervisor import SILENCE_S

NAMES_S = 30.0
"""A resolver without an answer: 5 s, twice, for three servers (resolv.conf(5)). Callers cannot set a time-out."""
DATABASE_S = 15.0
"""A few reads and writes of a database that another program holds (`BUSY_S` for each)."""
FILE_S = 30.0
"""For a video file: nothing of it comes over a network, but its disk may be asleep."""

WATCH_S = SILENCE_S
"""Sixteen cameras at once on a slow box, each with pictures of the main stream, of which the first is waited for."""
COURIER_S = SILENCE_S
"""MQTT 5, then 3.1.1; each with a name, two addresses, TLS and CONNACK (10 s each)."""
UPLOADER_S = SILENCE_S
"""A name, two addresses, TLS, and an answer (`object_store.ANSWER_S`)."""
COMMANDER_S = 300.0
"""`config.put`: workers let go of dozens of cameras, and a model is looked at."""
HEALTH_S = 60.0
"""A few counts in the database, and a small file; as long as `cityeye alive` gives it."""
HOUSEKEEPING_S = 600.0
"""Pictures of a month, deleted from a slow card one by one."""
OBSERVATIONS_S = 600.0
"""A block for each of dozens of cameras, on a slow card."""
METRICS_S = 60.0
"""It accepts connections; answering is done elsewhere."""
CONSOLE_S = 60.0
"""Its event loop; what may take longer is done in threads of its own."""
WARDEN_S = 30.0
"""It waits for nothing but a datagram and the log."""


def camera_s(camera: CameraConfig) -> float:
    """For a capture: name, two addresses, answer for the probe; the same and the stream's head for FFmpeg; one read."""
    if camera.video_file is not None:
        return FILE_S
    return 2 * NAMES_S + DATABASE_S + 5 * camera.open_timeout + camera.read_timeout
