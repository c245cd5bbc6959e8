"""What lies in the data folder."""

from __future__ import annotations

from agent.config.sections.console import USERS_FILE

DATABASE = "cityeye.db"
EVIDENCE = "evidence"
SAMPLES = "dismissed"
ALBUM = "zone-pictures"
OBSERVATIONS = "observations"
HEARTBEAT = "alive.json"
CONFIG_HISTORY = "config-history"
PROBATION = "probation.json"
CONFIG_FATE = "config-fate.json"
CONSOLE_USERS = USERS_FILE
AUDIT = "audit.jsonl"
