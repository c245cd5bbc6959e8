"""An agent that does nothing but try something: `python -m tests.tries_child CONFIG DATA`, until it is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.app.console.whatif import ProcessTries
from agent.app.site import Site
from agent.ports.console.whatif import Wish

if __name__ == "__main__":
    tries = ProcessTries(Site(Path(sys.argv[1])), Path(sys.argv[2]))
    tries.start(Wish())
    sys.stdin.read()
