"""A box that boots a real systemd in a container of its own, without any network, and is gone afterwards.

Its root is a layer over this machine's own (Debian or Ubuntu), kept in memory; CITYEYE_BOX_ROOT names another system's
folder instead, such as one that debootstrap made (scripts/prove_install).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.agent_process import wait_until

BOOT_S = 180.0
RUN_S = 120.0
WELL_S = "60"
"""How long the installer waits for an agent to get well."""
SIZE = "4g"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class BootedBox:
    """`root`: its file system as seen from here. `leader`: its process 1, as seen from here."""

    root: Path
    leader: int

    def run(self, *command: str, timeout_s: float = RUN_S) -> subprocess.CompletedProcess[str]:
        """Run a command as root in the box; its two outputs are one."""
        # Whoever runs the tests by nohup ignores SIGHUP, and no shell below could trap it.
        enter = ["env", "--default-signal", "nsenter", f"--target={self.leader}", "--all", "--wdns=/", "--", *command]
        return subprocess.run(
            enter,
            env={"PATH": PATH, "LANG": "C.UTF-8", "CITYEYE_WELL_S": WELL_S},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def told(self, *command: str) -> str:
        """The output of a command that must succeed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}"
        return done.stdout.strip()

    def service(self, *properties: str) -> list[str]:
        """Properties of the service cityeye."""
        return [self.told("systemctl", "show", "-P", name, "cityeye") for name in properties]


@contextmanager
def booted_box(folder: Path) -> Iterator[BootedBox]:
    """Boot one; everything that it writes lies in memory. Where that is not permitted: skips, but fails in CI."""
    below = Path(os.environ.get("CITYEYE_BOX_ROOT", "/"))
    memory, root = folder / "memory", folder / "root"
    memory.mkdir(parents=True)
    root.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(memory))
    try:
        layers = {name: memory / name for name in ("upper", "work")}
        for layer in layers.values():
            layer.mkdir()
        options = f"lowerdir={below},upperdir={layers['upper']},workdir={layers['work']}"
        _mount("-t", "overlay", "-o", options, "overlay", str(root))
        try:
            with _container(root, folder / "boot.log") as leader:
                box = BootedBox(root, leader)
                box.run("systemctl", "is-system-running", "--wait", timeout_s=BOOT_S)
                yield box
        finally:
            subprocess.run(["umount", "--lazy", str(root)], check=True)
    finally:
        subprocess.run(["umount", "--lazy", str(memory)], check=True)


@contextmanager
def _container(root: Path, log: Path) -> Iterator[int]:
    command = ["systemd-nspawn", f"--directory={root}", "--boot", "--private-network", "--register=no", "--keep-unit"]
    command += ["--console=pipe", "--machine=cityeye-box", "--link-journal=no", "--resolv-conf=off"]
    environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "systemd.unit=multi-user.target", "systemd.mask=systemd-networkd-wait-online.service"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

            def booted() -> bool:
                assert process.poll() is None, f"systemd-nspawn ended:\n{log.read_text()}"
                return any(_is_up(Path("/proc", child)) for child in children.read_text().split())

            wait_until(booted, "systemd in the box", BOOT_S)
            yield int(children.read_text().split()[0])
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(BOOT_S)
            process.kill()
            process.wait()


def _is_up(process: Path) -> bool:
    """Whether this process is a systemd that can be talked to."""
    with suppress(FileNotFoundError):
        return (process / "comm").read_text() == "systemd\n" and (process / "root/run/systemd/private").exists()
    return False


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        text = f"a box cannot be made here (it takes root with CAP_SYS_ADMIN): {done.stderr.strip()}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
