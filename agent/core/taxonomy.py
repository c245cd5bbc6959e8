"""The classes the agent knows, and how violations are named in the city's code systems.

Detector adapters map a model's own labels onto `CLASSES`; a label without a counterpart is dropped there.
"""

from __future__ import annotations

CLASSES: tuple[str, ...] = (
    "person",
    "bicycle",
    "motorcycle",
    "car",
    "bus",
    "truck",
    "garbage",
    "bin",
    "stall",
    "goods",
)
CLASS_IDS: dict[str, int] = {name: i for i, name in enumerate(CLASSES)}

MOTOR_VEHICLES = frozenset({"car", "bus", "truck"})
"""One family: small models flip between its members, so they are merged before NMS and in the tracker."""
CYCLES = frozenset({"bicycle", "motorcycle"})
