"""The main job on one machine: clip as camera, agent, embedded broker, and the events as they arrive.

Exits 0 only when every parked car of the clip was reported once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import yaml
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "out" / "quickstart"
MODEL = Path("models/yolox_nano.onnx")
CLIP = Path("video/cdnet_fall_1600f.mp4")
EXPECTED = 4
PATIENCE_S = 90.0
KERB = [[0.0625, 0.80], [0.835, 0.80], [0.835, 0.89], [0.0625, 0.89]]


def find(what: Path) -> Path:
    """A file of the checkout or of the mirror; ends the program with what is missing and where to put it."""
    mirror = os.environ.get("CITYEYE_MIRROR")
    beside = ROOT.parent / "shared" / "data"
    places = [ROOT, Path(mirror)] if mirror else [ROOT, beside]
    for place in places:
        if (place / what).is_file():
            return (place / what).resolve()
    looked = "\n".join(f"  {place / what}" for place in places)
    sys.exit(
        f"Missing: {what.name}. Looked for it at\n{looked}\n"
        "Put it there, or set CITYEYE_MIRROR to a folder that has models/ and video/. Where it comes from: "
        "docs/credits.md"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def embedded_broker(port: int) -> Iterator[None]:
    """amqtt in a process of its own: MQTT 3.1.1, no login, this machine only; its log lies beside the agent's."""
    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    (WORK / "broker.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("amqtt")), "-c", str(WORK / "broker.yaml")]
    with (WORK / "broker.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for_port(port, process)
            yield
        finally:
            process.kill()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens there."""
    tick = threading.Event()
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            break
        tick.wait(0.1)
    sys.exit(f"The embedded broker did not start; see {WORK.relative_to(ROOT)}/broker.log")


@contextmanager
def subscriber(port: int) -> Iterator[SimpleQueue[bytes]]:
    """The centre's part: everything that the agent publishes as an event."""
    arrived: SimpleQueue[bytes] = SimpleQueue()

    def keep(_client: Client, _data: object, message: MQTTMessage) -> None:
        arrived.put(bytes(message.payload))

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = keep
    client.on_connect = lambda c, *_: c.subscribe("cityeye/v1/+/+/event", qos=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield arrived
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def agent(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`cityeye run`, its log in a file beside the configuration."""
    with (config.parent / "agent.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "agent", "run", "-c", str(config)], stderr=log, cwd=ROOT)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def write_config(model: Path, clip: Path, port: int) -> Path:
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    zone = {"id": "kerb", "polygon": KERB, "rules": {"illegal_parking": {"dwell": "10s", "clear_after": "10s"}}}
    settings = {
        "mqtt": {"host": "127.0.0.1", "port": port, "protocol": "3.1.1"},  # amqtt speaks no other
        "model": {"file": str(model)},
        "storage": {"folder": str(WORK / "data")},
        "cameras": [{"id": "street", "url": f"file:{clip}", "zones": [zone]}],
    }
    path = WORK / "config.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return path


def show(event: dict[str, Any]) -> None:
    """One event as a person reads it."""
    data = event["data"]
    print(f"  {int(event['sequence']):>3}  {event['type']}  {data['title']['en']}  dwell {data['dwell_s']:.0f} s")
    for picture in (WORK / "data").glob(f"evidence/*/{data['incident']}/*.jpg"):
        print(f"       {picture.relative_to(ROOT)}")


def main() -> int:
    model, clip, port = find(MODEL), find(CLIP), free_port()
    config = write_config(model, clip, port)
    print(f"camera   {clip.name}, played in real time\nmodel    {model.name}\nbroker   127.0.0.1:{port} (amqtt)")
    print(f"agent    cityeye run --config {config.relative_to(ROOT)}")
    print(f"\nA car may stand for 10 s. Waiting for {EXPECTED} incidents:")
    with embedded_broker(port), subscriber(port) as arrived, agent(config) as process:
        incidents: set[str] = set()
        while len(incidents) < EXPECTED and process.poll() is None:
            try:
                event = json.loads(arrived.get(timeout=PATIENCE_S))
            except Empty:
                break
            show(event)
            incidents.add(event["subject"])
    if len(incidents) != EXPECTED:
        print(f"\nExpected {EXPECTED} incidents, got {len(incidents)}; see {WORK.relative_to(ROOT)}/agent.log")
        return 1
    print(
        f"\nAll {EXPECTED} parked cars were reported once; the passing traffic was not.\n\nNext:\n"
        f"  cityeye events --config {config.relative_to(ROOT)}    the incidents this box knows\n"
        "  configs/minimal.yaml                                   your own camera in a few lines\n"
        "  cityeye check FILE, cityeye run --config FILE          (first: source .venv/bin/activate)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
