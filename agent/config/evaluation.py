"""Evaluation sets: clips, the zones that are watched in them, and what is true there.

A set is written in the terms of the configuration file: zones, rules, calendars and model mean what they mean there,
and every problem is told at once, with line and mend.
"""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationError, model_validator

from agent.config import document, evaluation_checks, translate
from agent.config.kinds import AnyPath, Id, Surroundings, TimeZone, did_you_mean, fault
from agent.config.load import problem_of, sifted
from agent.config.models import Config
from agent.config.reading import text_of
from agent.config.sections.box import BoxConfig
from agent.config.sections.broker import MqttConfig
from agent.config.sections.cameras import CameraConfig
from agent.config.sections.cameras import ZoneConfig as Zone
from agent.config.sections.model import AgentClass, ModelConfig
from agent.config.sections.section import Section, Text
from agent.config.words import DELETE, Finding, Lang, Words, one_of, same
from agent.core.calendar import Calendar
from agent.core.errors import ConfigError, Problem
from agent.core.quantities import Seconds, format_duration
from agent.core.rules import RULES
from agent.core.scoring.truth import Thing

DEFAULT_START = datetime(2026, 1, 5, 12, 0)
"""A Monday noon at the site: fixed, so that a clip gives the same events on every day."""
_SET = Words("a file of clips and their truth", "片段及其真值的文件")


def _box(value: object) -> tuple[float, ...]:
    numbers = value if isinstance(value, list | tuple) else ()
    if len(numbers) == 4 and all(isinstance(v, int | float) and math.isfinite(v) for v in numbers):
        x1, y1, x2, y2 = (float(v) for v in numbers)
        if x1 < x2 and y1 < y2:
            return x1, y1, x2, y2
    expected = Words("a box [x1, y1, x2, y2], x1 < x2 and y1 < y2", "方框 [x1, y1, x2, y2]，x1 < x2 且 y1 < y2")
    raise fault(expected, None, Words("for example [0.1, 0.5, 0.2, 0.7]", "例如 [0.1, 0.5, 0.2, 0.7]"))


def _moment(value: object) -> datetime:
    try:
        if isinstance(value, datetime):
            return value
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            return moment
    except ValueError:
        pass
    expected = Words("date and time at the site", "现场日期与时间")
    raise fault(expected, None, Words("for example 2026-01-05T12:00:00", "例如 2026-01-05T12:00:00"))


def _rule(value: object) -> str:
    if isinstance(value, str) and value in RULES:
        return value
    raise fault(one_of(RULES), None, did_you_mean(value, list(RULES), DELETE))


def _span(value: tuple[float, float]) -> tuple[float, float]:
    begins, ends = value
    if 0 <= begins < ends:
        return value
    expected = Words("a span [from, to], from 0s on, to later than from", "时段 [起, 止]，自 0s 起，止晚于起")
    found = same(f"[{format_duration(begins)}, {format_duration(ends)}]")
    raise fault(expected, found, Words("for example [20s, 45s]", "例如 [20s, 45s]"))


BoxNumbers = Annotated[tuple[float, float, float, float], BeforeValidator(_box)]
HiddenSpan = Annotated[tuple[Seconds, Seconds], AfterValidator(_span)]
Moment = Annotated[datetime, BeforeValidator(_moment), PlainSerializer(datetime.isoformat, when_used="json")]
RuleName = Annotated[str, BeforeValidator(_rule)]


class ThingConfig(Section):
    """One thing that stands in a clip, as it really is."""

    name: Text = Field(description="What people call it.", examples=["white car"])
    class_name: AgentClass | None = Field(None, alias="class", description="What it is; without it, give rule.")
    rule: RuleName | None = Field(None, description="Only under this rule; default: each that knows the class.")
    zone: Id | None = Field(None, description="Only in this zone; default: whichever holds enough of it.")
    box: BoxNumbers = Field(description="All of it, also what is hidden: x1, y1, x2, y2.")
    since: Seconds = Field(0.0, alias="from", ge=0, description="Since when it stands there.")
    until: Seconds | None = Field(None, alias="to", gt=0, description="Until when; default: to the end.")
    hidden: tuple[HiddenSpan, ...] = Field((), description="When its place could not be seen.")
    tolerance: Seconds = Field(0.0, ge=0, description="How far these times may be off.")
    negative: bool = Field(False, description="It must never be reported.")

    @model_validator(mode="after")
    def _times_run_on(self) -> ThingConfig:
        if self.until is not None and self.until <= self.since:
            expected = Words("to later than from ({limit})", "to 晚于 from（{limit}）")
            found = same(format_duration(self.until))
            raise fault(expected.fill(limit=format_duration(self.since)), found, DELETE)
        return self

    def thing(self, pixels: tuple[int, int] | None) -> Thing:
        """As the core takes it. `pixels`: size of the picture that the box is given in."""
        width, height = pixels or (1, 1)
        x1, y1, x2, y2 = self.box
        return Thing(
            name=self.name,
            class_name=self.class_name or "",
            rule=self.rule,
            zone=self.zone,
            box_n=(x1 / width, y1 / height, x2 / width, y2 / height),
            from_s=self.since,
            to_s=math.inf if self.until is None else self.until,
            hidden=self.hidden,
            tolerance_s=self.tolerance,
            negative=self.negative,
        )


class ClipConfig(Section):
    """One clip: a video or recorded observations, the zones that are watched, and what is true."""

    id: Id = Field(description="Name of the clip, unique in the set.")
    video: AnyPath | None = Field(None, description="The video file; either this or observations.")
    observations: AnyPath | None = Field(None, description="What `cityeye replay --record` kept of it.")
    starts: Moment = Field(DEFAULT_START, description="When the video begins, in site time, for calendars.")
    decode: Literal["auto", "keyframes", "all"] = Field("auto", description="As for a camera.")
    sample_every: Seconds = Field(1.0, ge=0.1, le=30, description="As for a camera.")
    zones: tuple[Zone, ...] = Field((), description="As for a camera.")
    pixels: tuple[int, int] | None = Field(
        None, description="Boxes of the truth are in pixels of a picture of this width and height; default: 0..1."
    )
    truth: tuple[ThingConfig, ...] = Field((), description="What stands there: a list, or the file of one.")

    @model_validator(mode="after")
    def _boxes_lie_within(self) -> ClipConfig:
        width, height = self.pixels or (1, 1)
        for thing in self.truth:
            if min(thing.box[:2]) < 0 or thing.box[2] > width or thing.box[3] > height:
                expected = Words("boxes within {w} x {h}", "方框在 {w} x {h} 之内").fill(w=width, h=height)
                found = same(f"{thing.name}: {list(thing.box)}")
                mend = Words("for boxes in pixels give pixels: [width, height]", "像素方框请写 pixels: [宽, 高]")
                raise fault(expected, found, mend)
        return self

    @property
    def file(self) -> Path:
        """What is played: the video or the recording."""
        found = self.video or self.observations
        assert found is not None
        return found

    @property
    def things(self) -> tuple[Thing, ...]:
        """The truth, as the core takes it."""
        return tuple(thing.thing(self.pixels) for thing in self.truth)


class EvaluationSet(Section):
    """The whole file."""

    version: Literal[1] = Field(1, description="Version of this file format.")
    time_zone: TimeZone = Field("Asia/Shanghai", description="Time zone of the site, for calendars.")
    model: ModelConfig = Field(
        default_factory=dict, validate_default=True, description="The detector, as in the configuration."
    )
    calendars: dict[Text, Calendar] = Field({}, description="Named calendars that rules refer to.")
    clips: tuple[ClipConfig, ...] = Field(min_length=1, description="The clips.")

    def config(self) -> Config:
        """A configuration with one camera for each clip, named as the clip."""
        return Config(
            box=BoxConfig(id="evaluation", time_zone=self.time_zone),
            mqtt=MqttConfig(host="nowhere"),
            model=self.model,
            calendars=self.calendars,
            cameras=tuple(
                CameraConfig(
                    id=clip.id,
                    url=f"file:{clip.file}",
                    decode=clip.decode,
                    sample_every=clip.sample_every,
                    zones=clip.zones,
                )
                for clip in self.clips
            ),
        )

    def start_utc(self, clip: ClipConfig) -> datetime:
        """The moment at which a clip's video begins."""
        return clip.starts.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)


def load_set(path: Path, *, data: Path | None = None, at_hand: bool = True, lang: Lang = "en") -> EvaluationSet:
    """The evaluation set of a file.

    Args:
        data: folder that relative paths start from; default: the file's own.
        at_hand: whether the clips' videos and recordings have to be there.

    Raises: ConfigError with every problem.
    """
    text = text_of(path, _SET)
    if isinstance(text, Finding):
        raise ConfigError([problem_of(text, str(path), lang, None)])
    home = (data or path.parent).absolute()
    doc = document.read(text)
    findings = list(doc.findings)
    chosen: EvaluationSet | None = None
    if doc.data is not None:
        doc.data = json.loads(json.dumps(doc.data))
        findings += evaluation_checks.take_in(doc.data, home)
        findings += evaluation_checks.relations(doc.data)
        findings += evaluation_checks.files(doc.data, home) if at_hand else ()
        try:
            around = Surroundings(home, os.environ, secrets=False)
            chosen = EvaluationSet.model_validate_json(json.dumps(doc.data), strict=True, context=around)
        except ValidationError as error:
            findings += translate.findings(error, doc, EvaluationSet)
    problems: list[Problem] = [problem_of(f, str(path), lang, doc) for f in sifted(findings, doc) if not f.warning]
    if problems or chosen is None:
        raise ConfigError(problems)
    return chosen
