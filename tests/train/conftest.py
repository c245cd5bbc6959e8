"""These tests need the extra `train` (torch, ultralytics), which scripts/test does not install. docs/models.md."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("ultralytics") else ["test_*.py"]
