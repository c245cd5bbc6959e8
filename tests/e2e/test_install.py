"""A box from bare to running, upgraded, saved from a bad release, emptied: the real installer under a real systemd."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from agent import __version__
from scripts import make_bundle
from tests.booted_box import BootedBox, booted_box
from tests.e2e.agent_process import wait_until
from tests.shared_data import shared

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)
SECOND, BAD = "98.0.0", "99.0.0"
CHECKOUT = (*make_bundle.SOURCES, *make_bundle.INSTALLER.values(), "scripts/make_bundle.py")
CONFIG = """
mqtt: {host: 127.0.0.1, username: box, password: {credential: secret_broker}}
console: {listen: 127.0.0.1:8190}
cameras:
  - id: street
    url: file:/var/lib/cityeye/street.mp4
    zones:
      - id: kerb
        polygon: [[0.02, 0.68], [0.985, 0.63], [0.985, 0.55], [0.08, 0.588]]
        rules: {illegal_parking: {dwell: 5s, clear_after: 8s}}
"""


def bundle(checkout: Path, folder: Path, *options: str) -> Path:
    """An unpacked bundle of a checkout, for this machine and Debian 12's Python."""
    command = [
        sys.executable,
        str(checkout / "scripts/make_bundle.py"),
        "--python",
        box_python(),
        "--folder",
        str(folder),
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def box_python() -> str:
    """The version of the Python that the box has."""
    interpreter = Path(os.environ.get("CITYEYE_BOX_ROOT", "/")) / "usr/bin/python3"
    return interpreter.resolve().name.removeprefix("python")


def changed(folder: Path, version: str) -> Path:
    """A copy of the checkout with another version."""
    for name in CHECKOUT:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for name in ("setup.py", "agent/__init__.py"):
        file = folder / name
        file.write_text(file.read_text().replace(f'"{__version__}"', f'"{version}"'))
    return folder


def with_another_model(checkout: Path) -> Path:
    """Let the checkout's list name another file as yolox-nano, as good but not the same; returns a mirror with it."""
    mirror, listed = checkout / "mirror", checkout / "models/manifest.yaml"
    mirror.mkdir()
    former = shared("models").joinpath("yolox_nano.onnx").read_bytes()
    model = former + bytes((6 << 3 | 2, 3)) + b"new"  # ONNX's doc_string
    (mirror / "yolox_nano.onnx").write_bytes(model)
    text = listed.read_text(encoding="utf-8").replace(sha256(former).hexdigest(), sha256(model).hexdigest())
    listed.write_text(text.replace(f"bytes: {len(former)}\n", f"bytes: {len(model)}\n", 1), encoding="utf-8")
    return mirror


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """`first`, `second` with another model, and `bad`, which loads, changes the database, and does not run."""
    folder = tmp_path_factory.mktemp("bundles")
    first = bundle(ROOT, folder / "first", "--mirror", str(shared("models")))
    again = ("--wheels", str(first / "wheels"), "--mirror")
    checkout = changed(folder / SECOND, SECOND)
    second = bundle(checkout, folder / "second", *again, str(with_another_model(checkout)))
    bad = changed(folder / BAD, BAD)
    with (bad / "agent/adapters/sqlite/migrations.py").open("a") as migrations:
        migrations.write('MIGRATIONS = (*MIGRATIONS, Migration("of a bad release", ("CREATE TABLE bad (x)",)))\n')
    health = bad / "agent/runtime/health.py"
    health.write_text(health.read_text().replace("    def run(", "    def walk(", 1))
    return {"first": first, "second": second, "bad": bundle(bad, folder / "bad", *again, str(shared("models")))}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedBox]:
    with booted_box(tmp_path_factory.mktemp("box")) as box:
        yield box


def release_of(bundle: Path) -> str:
    return str(json.loads((bundle / "manifest.json").read_text())["release"])


def carried(bundle: Path, box: BootedBox) -> str:
    """The bundle, brought to the box as on a stick."""
    target = box.root / "root" / bundle.name
    if not target.exists():
        shutil.copytree(bundle, target)
        (target / "install.sh").chmod(0o755)
    return f"/root/{bundle.name}/install.sh"


def test_a_box_through_its_life(bundles: dict[str, Path], box: BootedBox) -> None:
    first, second, bad = (release_of(bundles[name]) for name in ("first", "second", "bad"))
    installer = {name: carried(bundle, box) for name, bundle in bundles.items()}

    # Bare: what is missing is said; a first run without a configuration starts nothing.
    said = box.told(installer["first"])
    assert "edit /etc/cityeye/config.yaml" in said
    assert box.service("ActiveState") == ["inactive"]
    assert box.run("cityeye", "check", "/etc/cityeye/config.yaml").returncode == 2

    # Configured, with a secret that only root can read; started; it sees. The site's own model stays.
    own_model = box.root / "var/lib/cityeye/models/yolox_nano.onnx"
    own_model.write_text("the site's own")
    (box.root / "root/site.yaml").write_text(CONFIG)
    (box.root / "etc/credstore/cityeye/broker").write_text("from the credentials\n")
    shutil.copy(ROOT / "demo/street.mp4", box.root / "var/lib/cityeye/street.mp4")
    box.told("systemctl", "disable", "cityeye")  # as if the first run had not come so far
    assert f"installed {first}, and it runs" in box.told(installer["first"], "--config", "/root/site.yaml")
    assert box.told("systemctl", "is-enabled", "cityeye") == "enabled"
    assert "good" in box.told("cityeye", "check", "/etc/cityeye/config.yaml")
    assert "yolox-nano" in box.told("cityeye", "models", "verify", "--config", "/etc/cityeye/config.yaml")
    sees(box)
    keeps_no_secrets(box)
    stands_fenced(box)
    wait_until(lambda: incidents(box) > 0, "an incident of the clip")
    has_a_console(box)

    # Again: nothing happens. A damaged bundle and the wrong words change nothing.
    before = box.service("MainPID", "ExecMainStartTimestampMonotonic")
    assert "installed already" in box.told(installer["first"])
    refuses(box, "--purge", "expected --uninstall beside it")
    refuses(box, "--config=/root/first/config.yaml", "of this site's own")
    damage(bundles["second"], box, installer["second"])
    assert box.service("MainPID", "ExecMainStartTimestampMonotonic") == before

    # An upgrade that has no room, or that fails, leaves the former release, which runs.
    upgrade_without_room(box, installer["second"])
    assert box.service("MainPID", "ExecMainStartTimestampMonotonic") == before
    upgrade_that_cannot_copy(box, installer["second"])
    assert box.told("readlink", "/opt/cityeye/current") == f"releases/{first}"
    assert left_of_an_upgrade(box, second) == []
    sees(box)

    # Upgraded; the configuration is the site's, incidents stay.
    known = incidents(box)
    assert f"upgraded from {first} to {second}" in box.told(installer["second"])
    assert box.told("cityeye", "version") == f"cityeye {SECOND}"
    sees(box)
    assert incidents(box) >= known
    assert (box.root / "etc/cityeye/config.yaml").read_text() == CONFIG

    # A release that does not run is taken back by itself.
    failed = box.run(installer["bad"])
    assert failed.returncode == 1
    assert f"{bad}: expected an agent that gets well" in failed.stdout, failed.stdout
    assert "the database is put back to what it was before the upgrade" in failed.stdout
    assert f"{second} runs again" in failed.stdout
    assert incidents(box) >= known
    assert links(box) == [f"releases/{second}", f"releases/{first}"]
    sees(box)

    # A rollback that is interrupted is undone; so is one to a release that does not run any more.
    rollback_interrupted(box, installer["first"], first)
    assert links(box) == [f"releases/{second}", f"releases/{first}"]
    sees(box)
    health = next((box.root / "opt/cityeye/releases" / first).glob("lib/*/site-packages/agent/runtime/health.py"))
    good = health.read_text()
    health.write_text(good.replace("    def run(", "    def walk(", 1))
    assert f"{second} runs again" in box.run(installer["first"], "--rollback").stdout
    assert links(box) == [f"releases/{second}", f"releases/{first}"]
    sees(box)
    health.write_text(good)

    # Killed when the other release is active and not yet seen well, as by a power cut: undone at the boot, or by the
    # next run, which goes on.
    killed_when_active(box, installer["first"], first)
    assert links(box)[0] == f"releases/{first}"
    box.told("systemctl", "start", "cityeye-settle")
    assert links(box) == [f"releases/{second}", f"releases/{first}"]
    sees(box)
    killed_when_active(box, installer["first"], first)
    assert f"{second} is active again" in (said := box.told(installer["second"])), said
    assert links(box) == [f"releases/{second}", f"releases/{first}"]
    assert left_of_a_change(box) == []
    sees(box)

    # Back by hand, and forth; what did not run is not started.
    assert f"rolled back from {second} to {first}" in box.told(installer["first"], "--rollback")
    assert box.told("cityeye", "version") == f"cityeye {__version__}"
    sees(box)
    box.told("systemctl", "stop", "cityeye")
    assert "is not started" in box.told(installer["first"], "--rollback")
    assert box.service("ActiveState") == ["inactive"]
    assert links(box) == [f"releases/{second}", f"releases/{first}"]

    # Gone, but for what is the site's; then that, too.
    assert own_model.read_text() == "the site's own"
    box.told(installer["first"], "--uninstall")
    assert not (box.root / "opt/cityeye").exists()
    assert incidents_kept(box)
    box.told("cp", "/root/first/config.yaml", "/etc/cityeye/config.yaml")
    box.told(installer["first"], "--uninstall")
    assert not (box.root / "etc/cityeye/config.yaml").exists(), "a placeholder would pass for the site's own next time"
    box.told(installer["first"], "--uninstall", "--purge")
    left = [
        place for place in ("etc/cityeye", "etc/credstore/cityeye", "var/lib/cityeye") if (box.root / place).exists()
    ]
    assert left == []
    assert box.run("id", "cityeye").returncode != 0


def sees(box: BootedBox) -> None:
    """The service runs well and looks at its camera."""
    wait_until(lambda: "1 of 1" in alive(box), "a look at the camera")
    assert box.service("ActiveState", "SubState") == ["active", "running"]


def alive(box: BootedBox) -> str:
    return box.run("cityeye", "alive", "--config", "/etc/cityeye/config.yaml").stdout


def incidents(box: BootedBox) -> int:
    return len(box.run("cityeye", "events", "--config", "/etc/cityeye/config.yaml", "--json").stdout.splitlines())


def incidents_kept(box: BootedBox) -> bool:
    return (box.root / "var/lib/cityeye/cityeye.db").exists() and (box.root / "etc/cityeye/config.yaml").exists()


def stands_fenced(box: BootedBox) -> None:
    """No root, no rights, no way to new ones; nothing in the home folder but what the agent keeps."""
    (pid,) = box.service("MainPID")
    status = dict(line.split(":\t", 1) for line in box.told("cat", f"/proc/{pid}/status").splitlines())
    assert status["Uid"].split() == [box.told("id", "-u", "cityeye")] * 4
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapBnd"], 16) == 0
    assert box.run("ls", "/var/lib/cityeye/.cache").returncode != 0
    assert "from the credentials" not in box.told("journalctl", "--unit", "cityeye", "--no-pager")


def keeps_no_secrets(box: BootedBox) -> None:
    """Nor does the command when its terminal goes away. Its agent is one that waits until its input ends."""
    script = """mkdir -p /opt/waits/bin && cp /usr/bin/cat /opt/waits/bin/cityeye && mkfifo -m 0666 /opt/waits/input
        CITYEYE_RELEASE=/opt/waits cityeye /opt/waits/input & exec 3>/opt/waits/input
        ls -d /run/cityeye.* && kill -HUP $!; exec 3>&-; wait $!; ls -d /run/cityeye.*"""
    shown = box.run("sh", "-c", script).stdout
    assert shown.startswith("/run/cityeye."), shown
    assert "cannot access" in shown


def refuses(box: BootedBox, option: str, why: str) -> None:
    done = box.run("/root/first/install.sh", *option.split("="))
    assert done.returncode == 1
    assert why in done.stdout


def damage(bundle: Path, box: BootedBox, installer: str) -> None:
    """Change one byte of a wheel on the stick: it must be refused. Then mend it."""
    (wheel,) = (box.root / "root" / bundle.name / "wheels").glob("city_eye_agent-*.whl")
    content = wheel.read_bytes()
    wheel.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = box.run(installer)
    assert done.returncode == 1
    assert "SHA256SUMS: expected every file as it was made" in done.stdout
    wheel.write_bytes(content)


def upgrade_without_room(box: BootedBox, installer: str) -> None:
    large = "/var/lib/cityeye/cityeye.db-large"
    box.told("truncate", "--size=1T", large)
    done = box.run(installer)
    assert done.returncode == 1
    assert "MB of room, for a copy of the database" in done.stdout
    box.told("rm", large)


def upgrade_that_cannot_copy(box: BootedBox, installer: str) -> None:
    folder = "/var/lib/cityeye/cityeye.db-folder"
    box.told("mkdir", folder)
    done = box.run(installer)
    assert done.returncode == 1
    assert "expected a copy of the database" in done.stdout
    box.told("rmdir", folder)


def rollback_interrupted(box: BootedBox, installer: str, release: str) -> None:
    """The line breaks when the release is active, and not yet seen well: the way back is that of an upgrade."""
    script = """"$1" --rollback &
        while kill -0 $! && [ "$(readlink /opt/cityeye/current)" != "releases/$2" ]; do :; done
        kill -HUP $!; wait $!"""
    assert box.run("sh", "-c", script, "sh", installer, release).returncode == 129


def killed_when_active(box: BootedBox, installer: str, release: str) -> None:
    """An upgrade to a release is killed with all its children as soon as that is active."""
    script = """setsid "$1" & while kill -0 $! && [ "$(readlink /opt/cityeye/current)" != "releases/$2" ]; do :; done
        kill -KILL -$!; wait $!"""
    assert box.run("sh", "-c", script, "sh", installer, release).returncode == 137


def left_of_a_change(box: BootedBox) -> list[str]:
    places = ["opt/cityeye/changing", "var/lib/cityeye/before-upgrade.new"]
    return [place for place in places if os.path.lexists(box.root / place)]


def links(box: BootedBox) -> list[str]:
    return [box.told("readlink", f"/opt/cityeye/{name}") for name in ("current", "previous")]


def left_of_an_upgrade(box: BootedBox, release: str) -> list[str]:
    places = [f"opt/cityeye/releases/{release}", "opt/cityeye/previous", "var/lib/cityeye/before-upgrade.new"]
    return [place for place in places if os.path.lexists(box.root / place)]


def has_a_console(box: BootedBox) -> None:
    """Its pages came along, and a password that root gives is the agent's to read."""
    fetched = "import sys, urllib.request as u; print(len(u.urlopen('http://127.0.0.1:8190' + sys.argv[1]).read()))"
    for path in ("/", "/static/app.js", "/static/pages/wall.js", "/texts/zh-CN.json"):
        assert int(box.told("/opt/cityeye/current/bin/python", "-c", fetched, path)) > 100
    (box.root / "root/password").write_text("correct horse battery\n")
    (box.root / "root/password").chmod(0o644)
    add = ("cityeye", "console", "add", "engineer", "--role", "operator", "--config", "/etc/cityeye/config.yaml")
    assert "has a password" in box.told("sh", "-c", f"{' '.join(add)} --password-file - < /root/password")
    users = box.root / "var/lib/cityeye/console-users.json"
    assert (users.stat().st_mode & 0o777, users.stat().st_uid) == (0o600, (box.root / "var/lib/cityeye").stat().st_uid)


def test_the_same_packages_give_the_same_bundle(bundles: dict[str, Path], tmp_path: Path) -> None:
    first = bundles["first"]
    like = (
        "--wheels",
        str(first / "wheels"),
        "--like",
        str(first / "manifest.json"),
        "--mirror",
        str(first / "models"),
    )
    again = bundle(ROOT, tmp_path / "again", *like)
    assert (again / "SHA256SUMS").read_bytes() == (first / "SHA256SUMS").read_bytes()
    manifest = json.loads((first / "manifest.json").read_text())
    assert manifest["arch"] == platform.machine()
    assert "models/yolox_nano.onnx" in manifest["files"]
