#!/usr/bin/env python3
"""One file with all that a box needs, to install the agent where there is no network (docs/install.md).

    python scripts/make_bundle.py                                    # for this machine's architecture, into dist/
    python scripts/make_bundle.py --arch aarch64 --python 3.11       # for an arm64 box with Debian 12
    python scripts/make_bundle.py --like old/manifest.json           # with the packages of that bundle, byte by byte

The same checkout, packages and models give the same bytes: names are sorted, times are those of the commit, owners are
nobody's. Needs Python 3.11 with pip, and nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EMBEDDED = ("models/manifest.yaml", "models/street-nano.onnx")
SOURCES = ("agent", *EMBEDDED, "setup.py", "pyproject.toml", "README.md", "LICENSE")
"""What the agent's own wheel is made of."""
INSTALLER = {
    "install.sh": "scripts/install.sh",
    "cityeye": "scripts/cityeye",
    "cityeye.service": "configs/systemd/cityeye.service",
    "cityeye-settle.service": "configs/systemd/cityeye-settle.service",
    "config.yaml": "configs/box.yaml",
}
ARCHITECTURES = ("x86_64", "aarch64")
PYTHONS = ("3.11", "3.12", "3.13")
"""Those of Debian 12 and 13 and of Ubuntu 24.04."""
NEWEST_GLIBC = 36
"""Wheels may ask for glibc 2.36, which Debian 12 has."""
EXECUTABLE = ("install.sh", "cityeye")


class BundleError(Exception):
    """Says where, what was expected, what was found and how to mend it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the bundle; prints its path, size and hash."""
    options = _options(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="city-eye-bundle-") as scratch:
            folder = Path(scratch) / "bundle"
            fill(folder, options)
            if options.folder:
                shutil.copytree(folder, options.folder, dirs_exist_ok=True)
                print(options.folder)
                return 0
            release = json.loads((folder / "manifest.json").read_text())["release"]
            target = options.output / f"city-eye-{release}-{options.arch}.tar"
            options.output.mkdir(parents=True, exist_ok=True)
            pack(folder, target)
    except BundleError as error:
        print(f"make_bundle: {error}", file=sys.stderr)
        return 1
    print(f"{target}\n{target.stat().st_size / 1e6:.0f} MB, sha256 {sha256(target)}")
    return 0


def fill(folder: Path, options: argparse.Namespace) -> None:
    """Put everything into the folder: wheels, models, installer, manifest and checksums."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    former = json.loads(options.like.read_text()) if options.like else None
    own = build_own_wheel(wheels)
    pins = {python: download(own, wheels, python, options, former) for python in options.python}
    (folder / "models").mkdir()
    for model in options.models:
        pull(model, folder / "models", options.mirror)
    for name, source in INSTALLER.items():
        shutil.copyfile(ROOT / source, folder / name)
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in _files(folder)}
    if former:
        _same_packages(files, former)
    version = own.name.split("-")[1]
    content = hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in files.items()).encode())
    manifest = {
        "name": "city-eye-agent",
        "version": version,
        "release": f"{version}-{content.hexdigest()[:8]}",
        "arch": options.arch,
        "pythons": options.python,
        "made_of": _git("rev-parse", "HEAD") or "unknown",
        "pins": pins,
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="ascii")
    files["manifest.json"] = sha256(folder / "manifest.json")
    lines = [f"{digest}  {name}\n" for name, digest in sorted(files.items())]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


def build_own_wheel(wheels: Path) -> Path:
    """The agent's wheel, built from a copy: what an earlier build left in the checkout never gets in."""
    with tempfile.TemporaryDirectory(prefix="city-eye-sources-") as scratch:
        for name in SOURCES:
            source, target = ROOT / name, Path(scratch) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, target)
        _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), scratch)
    (own,) = wheels.glob("city_eye_agent-*.whl")
    return own


def download(
    own: Path, wheels: Path, python: str, options: argparse.Namespace, former: dict[str, Any] | None
) -> dict[str, str]:
    """Fetch what the agent needs under this Python, and pip to install it. Returns name to version."""
    platforms = [f"manylinux_2_{minor}_{options.arch}" for minor in range(NEWEST_GLIBC, 16, -1)]
    platforms += [f"manylinux2014_{options.arch}", f"linux_{options.arch}"]
    tag = python.replace(".", "")
    command = ["download", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    command += [f"--abi=cp{tag}", "--abi=abi3", "--abi=none", *(f"--platform={name}" for name in platforms)]
    if options.wheels:
        command += ["--no-index", f"--find-links={options.wheels}"]
    with tempfile.TemporaryDirectory(prefix="city-eye-wheels-") as scratch:
        if former:
            pinned = Path(scratch) / "constraints.txt"
            pinned.write_text("".join(f"{name}=={version}\n" for name, version in former["pins"][python].items()))
            command += ["--constraint", str(pinned)]
        _pip(*command, "--dest", f"{scratch}/wheels", str(own), "pip")
        pins = {}
        for wheel in sorted(Path(scratch, "wheels").iterdir()):
            name, version, *_ = wheel.name.split("-")
            if wheel.name != own.name:
                pins[name.replace("_", "-").lower()] = version
                shutil.copyfile(wheel, wheels / wheel.name)
    return pins


def pull(model: str, folder: Path, mirror: str | None) -> None:
    """Fetch a model of models/manifest.yaml; its hash is checked by the agent's own `models pull`."""
    command = [sys.executable, "-m", "agent", "models", "pull", model, "--folder", str(folder)]
    command += ["--mirror", mirror] if mirror else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        found = (done.stderr or done.stdout).strip()
        raise BundleError(
            f"--models {model}: expected it from its address or the mirror, found: {found}; "
            "run this in an environment with the agent (scripts/venv.sh), name a --mirror with the file, or leave the "
            "model out with --models ''"
        )


def pack(folder: Path, target: Path) -> None:
    """One tar file, not compressed: wheels are already."""
    when = int(_epoch())
    fresh = target.with_suffix(".part")
    with tarfile.open(fresh, "w", format=tarfile.USTAR_FORMAT) as archive:
        for path in _files(folder):
            entry = tarfile.TarInfo(f"{target.stem}/{path.relative_to(folder).as_posix()}")
            entry.size, entry.mtime = path.stat().st_size, when
            entry.mode = 0o755 if path.name in EXECUTABLE else 0o644
            with path.open("rb") as stream:
                archive.addfile(entry, stream)
    fresh.replace(target)


def sha256(path: Path) -> str:
    """Hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _same_packages(files: dict[str, str], former: dict[str, Any]) -> None:
    known = {name: digest for name, digest in former["files"].items() if name.startswith("wheels/")}
    for name, digest in files.items():
        if name.startswith("wheels/") and "city_eye_agent" not in name and known.get(name, digest) != digest:
            raise BundleError(
                f"{name}: expected sha256 {known[name]} as in the manifest given with --like, found {digest}; "
                "the index gave another file of that name: ask why before it is installed anywhere"
            )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _epoch()}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BundleError(
            f"pip {arguments[0]}: expected the packages of setup.py for this Python and architecture, found:\n"
            f"{done.stderr.strip()}\nconnect to a package index (pip's own settings name it), or give a folder with "
            "the wheels: --wheels FOLDER"
        )


def _epoch() -> str:
    return os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct") or "315532800"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", choices=ARCHITECTURES, default=platform.machine(), help="of the box (this machine's)")
    parser.add_argument("--python", action="append", metavar="3.N", help=f"of the box; repeatable ({PYTHONS})")
    parser.add_argument("--models", default="yolox-nano", type=_words, help="ids, with commas (yolox-nano)")
    parser.add_argument("--mirror", help="folder or address to fetch the models from")
    parser.add_argument("--wheels", type=Path, help="folder to take the packages from, instead of the index")
    parser.add_argument("--like", type=Path, help="manifest.json of a bundle whose package versions are taken again")
    parser.add_argument("--output", type=Path, default=Path("dist"), help="where the file goes (dist)")
    parser.add_argument("--folder", type=Path, help="leave the bundle there as a folder, instead of one file")
    options = parser.parse_args(arguments)
    options.python = options.python or list(PYTHONS)
    for python in options.python:
        if not re.fullmatch(r"3\.1[1-9]", python):
            parser.error(f"--python: expected 3.11 or newer, found {python}")
    return options


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


if __name__ == "__main__":
    sys.exit(main())
