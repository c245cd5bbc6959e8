"""The classes the agent knows, and how violations are named in the city's code systems.

Detector adapters map a model's own labels onto `CLASSES`; a label without a counterpart is dropped there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agent.core.types import Channel

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
    "umbrella",
    "table",
    "chair",
    "cart",
)
CLASS_IDS: dict[str, int] = {name: i for i, name in enumerate(CLASSES)}

MOTOR_VEHICLES = frozenset({"car", "bus", "truck"})
"""One family: small models flip between its members, so they are merged before NMS and in the tracker."""
CYCLES = frozenset({"bicycle", "motorcycle"})
FIXTURES = frozenset({"garbage", "stall", "goods", "umbrella", "table", "chair", "cart"})
"""Things that are put down, and that a model confuses: tracked as one family."""
FIXTURE = "fixture"
"""The name of that family."""
OBJECT = "object"
"""Something that was left standing and that no model could name. Not among `CLASSES`: no detector says it."""

GBT_2026 = "GB/T 47678.5-2026"
GBT_2013 = "GB/T 30428.2-2013"

Name = Annotated[str, Field(min_length=1, max_length=60)]


class Violation(BaseModel):
    """One row of the crosswalk: what the agent sees, and what the city calls it.

    Attributes:
        classes: object classes that point to this row; the first row of a rule with a matching class wins.
        channels: ways of seeing for which this row is taken when no class matched.
        codes: code system -> code. A system without an entry has no code for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Name
    kind: Name
    zh: str = Field(min_length=1, max_length=60)
    en: str = Field(min_length=1, max_length=60)
    classes: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    codes: dict[str, Name] = Field(default_factory=dict)


class Taxonomy(BaseModel):
    """The crosswalk between rules and city-management codes. Data: a site checks it against the printed standard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code_systems: tuple[Name, ...] = Field(min_length=1)
    violations: tuple[Violation, ...]

    @model_validator(mode="after")
    def _codes_belong_to_known_systems(self) -> Taxonomy:
        unknown = sorted({s for v in self.violations for s in v.codes} - set(self.code_systems))
        if unknown:
            message = "code systems that code_systems does not list: {names}"
            raise PydanticCustomError("unlisted_code_system", message, {"names": ", ".join(unknown)})
        return self

    def classify(self, rule: str, class_names: Iterable[str], channel: Channel, kind: str | None = None) -> Violation:
        """The row for an incident: that of the kind, when the rule told one; else that of a class, or of the channel.

        A rule without any row gets one that carries its own name and no code.
        """
        rows = [v for v in self.violations if v.rule == rule]
        for row in rows:
            if row.kind == kind:
                return row
        seen = frozenset(class_names)
        for row in rows:
            if seen.intersection(row.classes):
                return row
        for row in rows:
            if channel in row.channels:
                return row
        return rows[0] if rows else Violation(rule=rule, kind=rule, zh=rule[:60], en=rule[:60])


_ANY = (Channel.MODEL, Channel.SCENE_CHANGE, Channel.ZONE_STATE)

TAXONOMY = Taxonomy(
    code_systems=(GBT_2026, GBT_2013),
    violations=(
        Violation(
            rule="illegal_parking",
            kind="motor_vehicle",
            zh="机动车乱停放",
            en="Illegal parking",
            classes=("car", "bus", "truck"),
            channels=_ANY,
            codes={GBT_2026: "09009", GBT_2013: "04-09"},
        ),
        Violation(
            rule="illegal_parking",
            kind="cycle",
            zh="非机动车乱停放",
            en="Illegal bicycle parking",
            classes=("bicycle", "motorcycle"),
            codes={GBT_2026: "09010", GBT_2013: "04-10"},
        ),
        Violation(
            rule="stall_encroachment",
            kind="stall",
            zh="占道经营",
            en="Stall on the pavement",
            classes=("stall", "cart"),
            channels=_ANY,
            codes={GBT_2026: "09006", GBT_2013: "04-06"},
        ),
        Violation(
            rule="stall_encroachment",
            kind="shop_goods",
            zh="店外经营",
            en="Shop goods on the pavement",
            classes=("goods", "umbrella", "table", "chair"),
            codes={GBT_2026: "09005", GBT_2013: "04-05"},
        ),
        Violation(
            rule="stall_encroachment",
            kind="hawker",
            zh="无照经营游商",
            en="Unlicensed hawker",
            classes=("hawker",),
            codes={GBT_2026: "09001", GBT_2013: "04-01"},
        ),
        Violation(
            rule="garbage_overflow",
            kind="bin",
            zh="垃圾满溢",
            en="Garbage bin overflowing",
            classes=("bin",),
            channels=(Channel.MODEL, Channel.ZONE_STATE),
            codes={GBT_2026: "06042", GBT_2013: "01-98"},
        ),
        Violation(
            rule="garbage_overflow",
            kind="heap",
            zh="暴露垃圾",
            en="Exposed garbage",
            classes=("garbage",),
            channels=(Channel.SCENE_CHANGE,),
            codes={GBT_2026: "06010", GBT_2013: "01-10"},
        ),
        Violation(rule="camera_health", kind="offline", zh="摄像机离线", en="Camera offline", classes=("offline",)),
        Violation(
            rule="camera_health", kind="frozen", zh="摄像机画面冻结", en="Camera picture frozen", classes=("frozen",)
        ),
        Violation(rule="camera_health", kind="dark", zh="摄像机画面过暗", en="Camera picture dark", classes=("dark",)),
        Violation(
            rule="camera_health",
            kind="overexposed",
            zh="摄像机画面过曝",
            en="Camera picture over-exposed",
            classes=("overexposed",),
        ),
        Violation(
            rule="camera_health", kind="blurred", zh="摄像机画面模糊", en="Camera picture blurred", classes=("blurred",)
        ),
        Violation(rule="camera_health", kind="covered", zh="摄像机被遮挡", en="Camera covered", classes=("covered",)),
        Violation(rule="camera_health", kind="moved", zh="摄像机移位", en="Camera moved", classes=("moved",)),
        Violation(
            rule="camera_health", kind="camera", zh="摄像机异常", en="Camera fault", channels=(*_ANY, Channel.CAMERA)
        ),
    ),
)
"""The table of DESIGN §7; `configs/taxonomy.yaml` says the same. 01-98 is a local extension of the 2013 list."""
