"""One run with everything that can fail, all its words at their loudest: no secret is in any of them, in any spelling.

Looked through: the log (JSON at debug level, and for people), the command lines and threads' names of all processes,
every message on the broker, metrics and probes, what the console answers, every file of the data folder, and what the
other commands print.
The agent runs without a umask: what it keeps is for its user and group all the same.
"""

from __future__ import annotations

import json
import re
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import httpx
import pytest
from starlette.routing import Route

from agent.adapters.console_users import UsersFile
from agent.app.console.compose import routes_of
from agent.console import access
from agent.ports.console.access import Role
from tests.bucket import Bucket, storing
from tests.cameras import BASIC, SHA, SUB, scripted_camera, simulated_camera, status
from tests.e2e.agent_process import AgentProcess, cityeye, wait_until
from tests.e2e.asker import Asker
from tests.e2e.faults import check_log, wait_for_parked_cars
from tests.e2e.street import camera, clip, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.spellings import spelt_in
from tests.watching import get

pytestmark = pytest.mark.server

CAMERA = "c@m:pw/ #1%密"
WRONG = "wr0ng@c/m: #2%"
IN_ADDRESS = "inurl-pw:3!x"
TOKEN = "t0ken/of_a%cam"
BROKER = "br@ker/pw #4%"
WRONG_BROKER = "n0t@br/ker #5%"
SIGNATURE = "0a1b2c/3d4e+5f=="
CONSOLE = "c0ns@le/pw #6%页"
WRONG_CONSOLE = "n0t-c0ns@le/pw #7%"
SECRETS = {
    "camera": CAMERA,
    "wrong camera": WRONG,
    "in the address": IN_ADDRESS,
    "token": TOKEN,
    "broker": BROKER,
    "wrong broker": WRONG_BROKER,
    "signature": SIGNATURE,
    "console": CONSOLE,
    "wrong console": WRONG_CONSOLE,
}
BOX = "cityeye/v1/gongshu/box-7"


class Told:
    """What was said, by where."""

    def __init__(self) -> None:
        self.by: dict[str, bytes] = {}

    def add(self, where: str, said: str | bytes) -> None:
        self.by[where] = said.encode() if isinstance(said, str) else said

    def check(self) -> None:
        """Nothing secret, and something to look at everywhere."""
        found = [
            (where, name, spelling)
            for where, said in self.by.items()
            for name, secret in SECRETS.items()
            for spelling in spelt_in(said, secret)
        ]
        assert found == []
        assert [where for where, said in self.by.items() if not said] == []


def processes(pid: int) -> dict[str, bytes]:
    """The command lines of a process and all below it, and the names of its threads; without those that just end."""
    found: dict[str, bytes] = {}
    waiting = [pid]
    while waiting:
        here = waiting.pop()
        with suppress(FileNotFoundError, ProcessLookupError):
            if line := Path(f"/proc/{here}/cmdline").read_bytes():  # none: it has ended and is not collected yet
                found[f"command line of {here}"] = line
            for task in Path(f"/proc/{here}/task").iterdir():
                with suppress(FileNotFoundError, ProcessLookupError):
                    found[f"name of {here}/{task.name}"] = (task / "comm").read_bytes()
                    waiting += map(int, (task / "children").read_text().split())
    assert f"command line of {pid}" in found
    return found


def commands(told: Told, config: Path, bad: Path) -> None:
    """What else a person can run, in both forms and languages."""
    file, loopback = ("--config", str(config)), ("--wait", "0", "--range", "127.0.0.1", "--allow", "loopback")
    for command in (
        ("check", str(config)),
        ("check", str(config), "--json"),
        ("check", str(bad)),
        ("check", str(bad), "--json", "--lang", "zh"),
        ("doctor", *file, "--watch", "2"),
        ("doctor", *file, "--watch", "2", "--json", "--lang", "zh"),
        ("discover", *file, *loopback),
        ("discover", *file, *loopback, "--json"),
        ("discover", *file, *loopback, "--yaml"),
        ("events", *file, "--json"),
        ("run", "--config", str(bad)),
    ):
        done = cityeye(*command)
        assert "Traceback" not in done.stderr, done.stderr
        told.add(" ".join(command), done.stdout + done.stderr)


def exposed(folder: Path) -> dict[str, str]:
    """Files and folders of the agent that all users of the machine can read or write."""
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in [folder, *folder.rglob("*")]
        if path.exists() and path.stat().st_mode & 0o007
    }


def asked(centre: Listener) -> None:
    """Commands, good ones and bad ones; what they are answered is among the messages."""
    asker = Asker(centre, BOX)
    document = str(asker.ask("config.get")["document"])
    for changed in (
        document.replace("env: CAMERA_PASSWORD", "file: /etc/hostname", 1),
        document.replace("127.0.0.1", "192.0.2.1"),
        document + "\ncameras: [{id: x, url: 'rtsp://a:b@h:x'}]",
    ):
        assert asker.outcome(asker.send("config.put", document=changed))["status"] == "rejected"
    asker.ask("ping")
    for payload in (b"{", b'{"command": "ping", "id": "x", "password": "y"}', b"\xff"):
        centre.publish(f"{BOX}/cmd", payload)
    asker.outcome(asker.send("verify", incident="01981a2b-0000-7000-8000-000000000001"))


def looked_at(told: Told, port: int) -> None:
    """All that the console has for an operator, after a wrong password: each GET, a draft, refusals."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

        def told_by(method: str, path: str, **more: Any) -> Any:
            answer = client.request(method, path, **more)
            told.add(f"console {method} {path}", str(answer.headers).encode() + answer.content)
            return answer

        told_by("POST", "/api/login", json={"name": "operator", "password": WRONG_CONSOLE})
        entered = told_by("POST", "/api/login", json={"name": "operator", "password": CONSOLE}).json()
        page = {"X-CSRF-Token": entered["csrf"]}
        zones = told_by("GET", "/api/zones/good").json()
        edited = [{"was": None, "zone": {"id": "z", "polygon": [[0, 0], [1, 0], [0, 1]], "rules": {}}}]
        edit = {"version": zones["version"], "zones": edited, "whole": True}
        draft = told_by("POST", "/api/zones/good/draft", json=edit, headers=page)
        assert "document" in draft.json(), draft.text
        assert told_by("POST", "/api/zones/good/save", json={**edit, "version": "0"}, headers=page).status_code == 409
        tried = {"cameras": ["street"], "draft": draft.json()["document"]}
        told_by("POST", "/api/whatif/run", json=tried, headers=page)
        incident = client.get("/api/incidents").json()["incidents"][0]["id"]
        told_by("POST", f"/api/incidents/{incident}/acknowledge", json={"note": "seen"}, headers=page)
        known = {"camera": "good", "zone": "kerb", "id": incident, "wish": "x", "number": "1", "picture": "1"}
        for route in console_routes():
            path = re.sub(r"\{(\w+)\}", lambda part: known.get(part[1], "incidents"), route)
            if path != "/api/stream":
                told_by("GET", path)
        with client.stream("GET", "/api/stream") as stream:
            lines = stream.iter_lines()
            told.add("console /api/stream", "".join(next(lines) for _ in range(5)))
        assert "login" in told.by["console GET /api/audit"].decode()


def console_routes() -> list[str]:
    """What can be read, of whatever slice."""
    return [
        route.path
        for route in (*access.routes(), *routes_of(MagicMock()))
        if isinstance(route, Route) and "GET" in (route.methods or ())
    ]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = {"CAMERA_PASSWORD": CAMERA, "WRONG_PASSWORD": WRONG, "BROKER_PASSWORD": BROKER}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


def test_no_secret_is_told_anywhere(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, data, port, console = Told(), tmp_path / "data", free_port(), free_port()
    log = tmp_path / "agent.log"
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(tmp_path / "broker", users={"box": BROKER, "centre": "centre"}))
        store = stack.enter_context(storing(Bucket(answers=[403] * 500)))
        real = stack.enter_context(simulated_camera(clip(), "--web-port", "0", "--loop", password=CAMERA))
        sha = stack.enter_context(scripted_camera(status("401 Unauthorized", SHA)))
        basic = stack.enter_context(scripted_camera(status("401 Unauthorized", BASIC)))
        monkeypatch.setenv("PUT_URL", f"{store.url}/{{id}}.jpg?X-Sig={SIGNATURE}")
        login: dict[str, Any] = {"username": "admin", "password": {"env": "CAMERA_PASSWORD"}, "zones": False}
        wrong = {**login, "password": {"env": "WRONG_PASSWORD"}}
        picture = f"{real.web}/ISAPI/Streaming/channels/101/picture"
        config = write_street(
            tmp_path,
            cameras=[
                file_camera(),
                camera("good", url=real.url(SUB), main_stream=picture, **login),
                camera("wrong", url=real.url(SUB), main_stream=picture, **wrong),
                camera("sha", url=sha.url(SUB), **login),
                camera("basic", url=basic.url(SUB), **wrong),
                camera("address", url=f"rtsp://admin:{IN_ADDRESS}@127.0.0.1:{free_port()}/x", zones=False),
                camera("token", url=f"rtsp://no-such.invalid/user=admin&password={TOKEN}", zones=False),
            ],
            mqtt={"port": broker.port, "username": "box", "password": {"env": "BROKER_PASSWORD"}},
            metrics={"listen": f"127.0.0.1:{port}"},
            console={"listen": f"127.0.0.1:{console}"},
            evidence={"send": "put", "put_url": {"env": "PUT_URL"}},
        )
        bad = tmp_path / "bad.yaml"
        text = config.read_text(encoding="utf-8")
        bad.write_text(
            text.replace("env: BROKER_PASSWORD", f"passwort: '{BROKER}'")
            .replace("env: WRONG_PASSWORD", f"- '{WRONG}'")
            .replace(f"admin:{IN_ADDRESS}@", f"admin:{IN_ADDRESS}/"),
            encoding="utf-8",
        )
        config.chmod(0o640)
        UsersFile(data / "console-users.json").put("operator", CONSOLE, Role.OPERATOR)
        centre = stack.enter_context(Listener(broker.port, username="centre", password="centre"))
        options = ("--log-format", "json", "--log-level", "debug", "--log-file", str(log))
        agent = stack.enter_context(AgentProcess(config, environment, options=options, umask=0))
        wait_for_parked_cars(data)
        for one in (sha, basic):
            wait_until(lambda one=one: one.connections > 0, "a call")  # type: ignore[misc]
        wait_until(lambda: '"refused' in log.read_text() or "is refused (401)" in log.read_text(), "a refused login")
        wait_until(lambda: len(store.paths) > 0, "an upload")
        asked(centre)
        for page in ("/metrics", "/healthz", "/readyz", f"/{SIGNATURE[:3]}"):
            told.add(page, get(port, page)[2])
        looked_at(told, console)
        told.by.update(processes(agent.pid))
        commands(told, config, bad)
        centre.wait_for(1, "/health")
        assert agent.stop() == 0
        assert agent.log == ""
        for number, message in enumerate(centre.on("")):
            told.add(f"{number}: {message.topic}", message.topic.encode() + message.payload)

        agent = AgentProcess(config, {**environment, "BROKER_PASSWORD": WRONG_BROKER}, ("--log-level", "debug"))
        with agent:
            agent.wait_for_log("does not allow this login")
            assert agent.stop() == 0
    log_text = log.read_text(encoding="utf-8")
    assert all(json.loads(line) for line in log_text.splitlines())
    check_log(log_text + agent.log, *SECRETS.values())
    told.add("log", log_text)
    told.add("log for people", agent.log)
    for path in data.rglob("*"):
        if path.is_file():
            told.add(str(path), path.name.encode() + path.read_bytes())
    told.check()
    assert basic.logins() > 0, "a password was sent, so it could have been told"
    assert exposed(data) == {}
    assert stat.S_IMODE(log.stat().st_mode) == 0o640
