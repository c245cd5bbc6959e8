"""A real `cityeye doctor` on a street whose camera is set as it comes from the shop: smart codec on, keyframes rare.

The camera is scripts/simulated_camera.py, the broker Mosquitto, both on 127.0.0.1 (scripts/system-packages).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import av
import yaml

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "demo" / "street.mp4"
USER, PASSWORD = "cityeye", "on-the-label-7"
RARE_S = 12
"""Seconds between the keyframes of a stream that is set wrong."""
SITE = "/home/engineer"
"""What stands in the pictures for the folder in which the run was made."""
_SYSTEM_PYTHON = "/usr/bin/python3"
_WAIT_S = 10.0


def transcript(lang: str) -> tuple[str, str]:
    """What two runs print: one that looks, and the end of one that mends, which looks again."""
    with tempfile.TemporaryDirectory(prefix="cityeye-guide-") as name:
        folder = Path(name)
        _rare_keyframes(CLIP, folder / "rare.mp4")
        with _broker() as port, _camera(folder) as (rtsp, web):
            _configure(folder, port, rtsp, web)
            looked = _doctor(folder, lang)
            mended = _doctor(folder, lang, "--mend", "--yes")
    title = next(line for line in looked.splitlines() if line.endswith(" gate"))
    mend = mended.rpartition(f"{title}\n")[2]
    command = "$ cityeye doctor --config street.yaml"
    return f"{command}\n{looked}", f"{command} --mend --yes\n…\n{title}\n{mend}"


def figureless(text: str) -> str:
    """The text without what differs from run to run: figures, fingerprints."""
    return re.sub(r"[0-9a-f]{12}(?=…)|[-+]?\d+(?:\.\d+)?", "#", text)


def _rare_keyframes(source: Path, target: Path) -> None:
    """The clip anew, with a keyframe every `RARE_S` only."""
    with av.open(str(source)) as clip, av.open(str(target), "w") as file:
        video = clip.streams.video[0]
        rate = video.average_rate
        assert rate is not None, "a clip of this repository"
        stream = file.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        stream.gop_size = round(RARE_S * rate)
        stream.codec_context.thread_count = 1  # with more, a picture has slices, and the camera's server parts them
        stream.options = {"preset": "ultrafast", "sc_threshold": "0", "bf": "0"}
        for frame in clip.decode(video):
            frame.pict_type = av.video.frame.PictureType.NONE
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _camera(folder: Path) -> Iterator[tuple[int, int]]:
    """Its RTSP and web ports."""
    command = [_SYSTEM_PYTHON, str(ROOT / "scripts/simulated_camera.py"), "--main", str(CLIP), "--loop"]
    command += ["--sub", str(folder / "rare.mp4"), "--calm", str(CLIP), "--smart", "--web-port", "0"]
    command += ["--user", USER, "--password", PASSWORD]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with _ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean)) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise SystemExit("the simulated camera did not start; see its error above, and scripts/system-packages")
        yield int(ready[1]), int(ready[2])


@contextmanager
def _broker() -> Iterator[int]:
    """Mosquitto on a free port, open to this machine only."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise SystemExit("expected Mosquitto, found none; run scripts/system-packages")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    quiet = subprocess.Popen([program, "-p", str(port)], stderr=subprocess.DEVNULL, text=True)
    with _ended(quiet) as process:
        tick = Event()
        for _ in range(round(_WAIT_S * 10)):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                break
            tick.wait(0.1)
        yield port


def _configure(folder: Path, broker: int, rtsp: int, web: int) -> None:
    zone = {"id": "kerb", "polygon": [[0.02, 0.68], [0.985, 0.63], [0.985, 0.55], [0.08, 0.588]]}
    settings = {
        "mqtt": {"host": "127.0.0.1", "port": broker},
        "model": {"folder": str(ROOT / "models")},
        "storage": {"folder": "data"},
        "cameras": [
            {
                "id": "gate",
                "url": f"rtsp://127.0.0.1:{rtsp}/Streaming/Channels/102",
                "main_stream": f"http://127.0.0.1:{web}/ISAPI/Streaming/channels/101/picture",
                "username": USER,
                "password": {"file": "password"},
                "zones": [{**zone, "rules": {"illegal_parking": {}}}],
            }
        ],
    }
    (folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    (folder / "password").chmod(0o600)
    (folder / "street.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def _doctor(folder: Path, lang: str, *options: str) -> str:
    """What the command prints, with a neutral folder in place of the scratch one."""
    command = [sys.executable, "-m", "agent", "doctor", "--config", "street.yaml", "--lang", lang, *options]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"cityeye doctor ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.replace(str(folder.resolve()), SITE).replace(str(folder), SITE)
