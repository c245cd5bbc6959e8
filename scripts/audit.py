"""Ask whether a known vulnerability is in what the agent brings onto a box, and say plainly when nobody could be asked.

    python scripts/audit.py

pip-audit does the asking, at PyPI. By itself it says "no known vulnerabilities found" and ends with 0 also when it got
no answer about a single package. So its answers are counted here: what was not asked about is neither a pass nor a
failure, and printed as NOT CHECKED. With CITYEYE_AUDIT=required, as for a release, that is a failure.

Looked at are the packages that `pip install city-eye-agent` installs, in the versions that are installed here.
Exit codes: 0 no vulnerability is known, or none could be asked about; 1 one is; or an answer was required.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

DISTRIBUTION = "city-eye-agent"
PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_TIMEOUT_S = 10
_DEADLINE_S = 120


@dataclass(frozen=True)
class Verdict:
    """What came of it. `found`: a line for each vulnerability that is not accepted. `unasked`: packages."""

    asked: int = 0
    unasked: tuple[str, ...] = ()
    found: tuple[str, ...] = field(default=())

    def lines(self) -> list[str]:
        """For people."""
        told = [*self.found]
        if self.unasked:
            told.append(
                f"NOT CHECKED: {len(self.unasked)} of {self.asked + len(self.unasked)} packages; "
                "nobody who knows their vulnerabilities could be asked from here"
            )
        if self.asked and not self.found:
            told.append(f"no vulnerability is known of {self.asked} packages")
        return told

    def exit_code(self, *, required: bool) -> int:
        """`required`: an answer about each package is."""
        return 1 if self.found or (required and self.unasked) else 0


def installed(name: str = DISTRIBUTION) -> dict[str, str]:
    """The packages that come with a distribution, without its extras, and their installed versions."""
    found: dict[str, str] = {}
    waiting = [name]
    while waiting:
        here = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if here in found:
            continue
        try:
            package = distribution(here)
        except PackageNotFoundError:  # for another platform
            continue
        found[here] = package.version
        for text in package.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    found.pop(name, None)
    return found


def accepted() -> dict[str, str]:
    """Vulnerabilities that are no danger here, and why: `[tool.cityeye.audit.accepted]` in pyproject.toml."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    return dict(project["tool"]["cityeye"]["audit"]["accepted"])


def verdict(report: Mapping[str, Any], accepted: Mapping[str, str]) -> Verdict:
    """Of pip-audit's JSON."""
    asked, unasked, found = 0, [], []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unasked.append(package["name"])
            continue
        asked += 1
        for known in package["vulns"]:
            if not {known["id"], *known.get("aliases", ())} & set(accepted):
                mended = ", ".join(known["fix_versions"]) or "no version yet"
                found.append(f"{package['name']} {package['version']}: {known['id']}, mended in {mended}")
    return Verdict(asked=asked, unasked=tuple(unasked), found=tuple(found))


def ask(packages: Mapping[str, str]) -> dict[str, Any]:
    """pip-audit's JSON; as if it had skipped all, where it cannot even try."""
    nobody = {"dependencies": [{"name": name, "skip_reason": "no answer"} for name in packages]}
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "installed.txt"
        listed.write_text("".join(f"{name}=={version}\n" for name, version in packages.items()))
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--progress-spinner", "off", "--timeout", str(_TIMEOUT_S)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)
            report: dict[str, Any] = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, ValueError):
            return nobody
    return report


def main() -> int:
    """Ask, tell, and return the exit code."""
    if importlib.util.find_spec("pip_audit") is None:
        print('pip-audit: expected it installed, found none; pip install -e ".[dev]"')
        return 1
    came = verdict(ask(installed()), accepted())
    for line in came.lines():
        print(f"pip-audit: {line}")
    return came.exit_code(required=os.environ.get("CITYEYE_AUDIT") == "required")


if __name__ == "__main__":
    sys.exit(main())
