"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("city-eye", deadline=None)  # a deadline is a timing assertion
settings.load_profile("city-eye")
