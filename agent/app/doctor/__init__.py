"""`cityeye doctor`: everything that a box on site needs, looked at one by one, each with its mend.

A check is a function that returns findings; none prints. What a finding says in words is `cli/texts_doctor`'s.
"""

from __future__ import annotations

from agent.app.doctor.examine import Doctor
from agent.app.doctor.findings import Finding, Mark
from agent.app.doctor.mending import Mendable

__all__ = ["Doctor", "Finding", "Mark", "Mendable"]
