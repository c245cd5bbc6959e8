"""Hypothesis profiles: `quick` for every run, `thorough` (CITYEYE_HYPOTHESIS=thorough) for a long look."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(os.environ.get("CITYEYE_HYPOTHESIS", "quick"))
