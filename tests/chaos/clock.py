"""A wall clock that can be set while the real agent runs, and between its lives.

Nothing in the product knows about it: a `sitecustomize.py` on PYTHONPATH, which Python imports at every start, wraps
`SystemClock.now` as soon as its module is imported, so that UTC is off by what a file says. The monotonic clock is left
alone, as it is when somebody sets a real box's clock.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

DAY_S = 86400.0
_VARIABLE = "CHAOS_CLOCK"
_SITECUSTOMIZE = """
import importlib.abc, importlib.machinery, os, sys
from datetime import timedelta
from pathlib import Path

MODULE = "agent.adapters.clock"
OFFSET = Path(os.environ["CHAOS_CLOCK"])


class Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        super().exec_module(module)
        true_now = module.SystemClock.now

        def now(self):
            stamp = true_now(self)
            return type(stamp)(utc=stamp.utc + timedelta(seconds=float(OFFSET.read_text())), mono_s=stamp.mono_s)

        module.SystemClock.now = now


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        spec.loader = Loader(name, spec.origin)
        return spec


sys.meta_path.insert(0, Finder())
"""


class SteppedClock:
    """The offset of the agent's wall clock from the true one, seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "offset"
        self.offset_s = 0.0
        folder.mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE, encoding="utf-8")
        self.set(0.0)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the agent's process must have in its environment."""
        path = os.pathsep.join(filter(None, [str(self._folder), os.environ.get("PYTHONPATH", "")]))
        return {_VARIABLE: str(self._file), "PYTHONPATH": path}

    def set(self, offset_s: float) -> None:
        """Set the clock; the agent's next reading shows it. In one step: no reading finds half a number."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(offset_s), encoding="ascii")
        fresh.replace(self._file)
        self.offset_s = offset_s
