"""The main job on one machine: clip as camera, agent, embedded broker, and the events as they arrive.

Exits 0 only when exactly the violations of the clip were reported: two opened, one closed.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
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
STREET = ROOT / "configs" / "demo.yaml"
CLIP = ROOT / "demo" / "street.mp4"
EXPECTED = Counter({"opened": 2, "closed": 1})
"""Two cars park and one of them leaves; a third stops for a moment only."""
PATIENCE_S = 90.0


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


def write_config(port: int) -> Path:
    """configs/demo.yaml with this run's broker, models folder and data folder."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    settings = yaml.safe_load(STREET.read_text(encoding="utf-8"))
    settings["mqtt"]["port"] = port
    settings["model"] = {"folder": str(ROOT / "models")}
    settings["storage"]["folder"] = str(WORK / "data")
    settings["cameras"][0]["url"] = f"file:{CLIP}"
    path = WORK / "config.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def show(event: dict[str, Any]) -> None:
    """One event as a person reads it."""
    data, at = event["data"], event["time"]
    print(f"  {int(event['sequence']):>3}  {at}  {event['type']}  {data['title']['en']}  dwell {data['dwell_s']:.0f} s")
    for picture in sorted((WORK / "data").glob(f"evidence/*/{data['incident']}/{data['revision']}-*.jpg")):
        print(f"       {picture.relative_to(ROOT)}")


def watch(arrived: SimpleQueue[bytes], log: Path, process: subprocess.Popen[bytes]) -> Counter[str]:
    """Show every event until the clip is over or the agent gave up; how many came of each phase."""
    phases: Counter[str] = Counter()
    over = "the video is over"
    left_s = PATIENCE_S
    while left_s > 0:
        try:
            event = json.loads(arrived.get(timeout=1.0))
        except Empty:
            left_s -= 1.0
            if process.poll() is not None or over in log.read_text(encoding="utf-8", errors="replace"):
                return phases
            continue
        show(event)
        phases[event["type"].rsplit(".", 1)[-1]] += 1
    return phases


def main() -> int:
    port = free_port()
    config = write_config(port)
    print(f"camera   {CLIP.relative_to(ROOT)}, played in real time")
    print(f"broker   127.0.0.1:{port} (amqtt)\nagent    cityeye run --config {config.relative_to(ROOT)}")
    print("\nA car may stand for 10 s. Two park too long, one of them leaves; a third stops for a moment:", flush=True)
    log = WORK / "agent.log"
    with embedded_broker(port), subscriber(port) as arrived, agent(config) as process:
        phases = watch(arrived, log, process)
    if phases != EXPECTED:
        wanted, found = (" and ".join(f"{n} {phase}" for phase, n in c.items()) or "none" for c in (EXPECTED, phases))
        print(f"\nExpected {wanted}, got {found}; see {log.relative_to(ROOT)}")
        return 1
    print(
        "\nBoth parked cars were reported once, and the one that left was closed; the traffic was not.\n\nNext:\n"
        f"  cityeye events --config {config.relative_to(ROOT)}    the incidents this box knows\n"
        "  configs/minimal.yaml                                   your own camera in a few lines\n"
        "  cityeye check FILE, cityeye run --config FILE          (first: source .venv/bin/activate)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
