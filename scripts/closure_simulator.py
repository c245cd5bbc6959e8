"""A closure platform to try boxes with, and to copy from: `python scripts/closure_simulator.py --help`.

docs/contract/simulator.md says how to start it; the code is in `scripts/closure/`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a file, too

from scripts.closure.cli import main

if __name__ == "__main__":
    sys.exit(main())
