"""Pydantic's errors in the users' words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agent.config import slips
from agent.config.document import Document
from agent.config.kinds import did_you_mean
from agent.config.tree import known_keys, section
from agent.config.words import DELETE, NOTHING, Finding, Path, Words, kind, one_of, quoted, same, shown
from agent.core.quantities import format_duration, format_size, parse_duration, parse_size

_QUOTES = Words("put it in quotes", "请加引号")
_SECTION = Words("a section (key: value)", "一节（key: value）")
_INDENT = Words("write its keys below it, indented", "请在下方缩进写出各键")

_PLAIN: dict[str, tuple[Words, Words]] = {
    "string_type": (Words("text", "文字"), _QUOTES),
    "int_type": (Words("a whole number", "整数"), Words("write digits without quotes", "请写不带引号的数字")),
    "int_from_float": (Words("a whole number", "整数"), Words("leave out the decimals", "请去掉小数")),
    "float_type": (Words("a number", "数字"), Words("write digits without quotes", "请写不带引号的数字")),
    "finite_number": (Words("a number", "数字"), Words("write digits", "请写数字")),
    "bool_type": (Words("true or false", "true 或 false"), same("true / false")),
    "model_type": (_SECTION, _INDENT),
    "model_attributes_type": (_SECTION, _INDENT),
    "dict_type": (_SECTION, _INDENT),
    "tuple_type": (Words("a list", "列表"), Words("begin each item with a dash: - …", "每项以 “- ” 开头")),
    "duration": (
        Words("a duration with its unit", "带单位的时长"),
        Words("for example 90s, 3m or 1h30m", "例如 90s、3m 或 1h30m"),
    ),
    "size": (Words("a size with its unit", "带单位的容量"), Words("for example 200MB or 2GB", "例如 200MB 或 2GB")),
    "clock": (Words("a time of day", "时刻"), Words('for example "07:30"', '例如 "07:30"')),
    "date_type": (Words("a date", "日期"), Words("for example 2026-10-01", "例如 2026-10-01")),
    "date_parsing": (Words("a date", "日期"), Words("for example 2026-10-01", "例如 2026-10-01")),
    "date_from_datetime_parsing": (Words("a date", "日期"), Words("for example 2026-10-01", "例如 2026-10-01")),
    "date_from_datetime_inexact": (Words("a date", "日期"), Words("for example 2026-10-01", "例如 2026-10-01")),
    "string_too_short": (Words("text that is not empty", "非空文字"), DELETE),
}
_LIMITS: dict[str, tuple[str, Words]] = {
    "greater_than": ("gt", Words("more than {limit}", "大于 {limit}")),
    "greater_than_equal": ("ge", Words("at least {limit}", "不小于 {limit}")),
    "less_than": ("lt", Words("less than {limit}", "小于 {limit}")),
    "less_than_equal": ("le", Words("at most {limit}", "不大于 {limit}")),
}
_COUNTS: dict[str, tuple[str, Words]] = {
    "too_short": ("min_length", Words("at least {limit} items", "至少 {limit} 项")),
    "too_long": ("max_length", Words("at most {limit} items", "至多 {limit} 项")),
    "string_too_long": ("max_length", Words("at most {limit} characters", "至多 {limit} 个字符")),
}


Texts = tuple[Words, Words, Words]
"""Expected, found, mend."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One error of pydantic's, with the value that it is about."""

    what: str
    message: str
    context: Any
    path: Path
    value: object
    root: type[BaseModel]


def findings(error: ValidationError, document: Document, root: type[BaseModel]) -> Iterator[Finding]:
    """One finding for each place that pydantic refused; several refusals of one place's forms become one."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] == "grace":
            yield from _graces(detail["ctx"], (*_place(detail, document), "grace"), document)
        elif detail["type"] == "escalate":
            yield _escalation(detail["ctx"], (*_place(detail, document), "escalate"), document)
        elif not _is_echo(detail, document):
            by_path.setdefault(_place(detail, document), []).append(detail)
    for path, details in by_path.items():
        told = [_finding(detail, path, document, root) for detail in details]
        expected = list(dict.fromkeys(finding.expected for finding in told))
        if len(expected) > 1:
            joined = Words(" or ".join(e.en for e in expected), " 或 ".join(e.zh for e in expected))
            yield Finding(path=path, expected=joined, found=told[0].found, mend=DELETE)
        else:
            yield told[0]


def _place(detail: ErrorDetails, document: Document) -> Path:
    """The document's own path: pydantic's, without the names of union members and the `[key]` marks."""
    path: Path = ()
    last = len(detail["loc"]) - 1
    for i, part in enumerate(detail["loc"]):
        here = document.at(path)
        exists = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
        if exists or (i == last and detail["type"] == "missing"):
            path = (*path, part)
    return path


def _is_echo(detail: ErrorDetails, document: Document) -> bool:
    """What is told anyway: a list too short without its items, a default not computed, what `crosswalk` found."""
    if detail["type"] in ("default_factory_not_called", "unlisted_code_system"):
        return True
    value = document.at(_place(detail, document))
    return detail["type"] == "too_short" and isinstance(value, list) and len(value) >= detail["ctx"]["min_length"]


def _graces(context: dict[str, Any], path: Path, document: Document) -> Iterator[Finding]:
    """One finding for each class whose grace has no effect; the rule refuses them all at once."""
    for name in context["unlisted"]:
        listed = Words("a class that stands in classes", "classes 中的类别")
        mend = Words("add {name} to classes, or delete it here", "请将 {name} 加入 classes，或在此删除")
        yield Finding(path=(*path, name), expected=listed, found=same(name), mend=mend.fill(name=name))
    for name in context["short"]:
        here = (*path, name)
        longer = Words("at least the dwell, {dwell}", "不小于 dwell，即 {dwell}").fill(
            dwell=format_duration(context["dwell"])
        )
        mend = Words("lengthen it, or shorten dwell", "请加长，或缩短 dwell")
        yield Finding(path=here, expected=longer, found=shown(document.at(here), here), mend=mend)


def _escalation(context: dict[str, Any], path: Path, document: Document) -> Finding:
    """Its steps do not go up."""
    expected = Words(
        "severities above {severity}, the next always after a longer dwell, the first after more than {dwell}",
        "高于 {severity} 的严重程度，且每级的停留时间更长，首级长于 {dwell}",
    )
    mend = Words("correct the steps, or delete them", "请更正各级，或将其删除")
    return Finding(path=path, expected=expected.fill(**context), found=shown(document.at(path), path), mend=mend)


def _finding(detail: ErrorDetails, path: Path, document: Document, root: type[BaseModel]) -> Finding:
    refusal = _Refusal(detail["type"], detail["msg"], detail.get("ctx", {}), path, document.at(path), root)
    expected, found, mend = _texts(refusal)
    return Finding(path=path, expected=expected, found=found, mend=mend)


def _texts(refusal: _Refusal) -> Texts:
    what, context, path, value = refusal.what, refusal.context, refusal.path, refusal.value
    if what == "int_type" and isinstance(value, float):
        what = "int_from_float"  # what pydantic calls it when it is not strict
    if what in _SPECIAL:
        return _SPECIAL[what](refusal)
    if what in _PLAIN:
        expected, mend = _PLAIN[what]
        if expected == _SECTION and isinstance(value, str) and (slip := slips.in_pair(value)):
            return expected, slip.found, slip.mend
        return expected, kind(value) if expected == _SECTION else shown(value, path), mend
    if what in _LIMITS:
        key, expected = _LIMITS[what]
        return expected.fill(limit=_in_unit_of(value, context[key])), shown(value, path), DELETE
    if what in _COUNTS:
        key, expected = _COUNTS[what]
        found = (
            Words("{n} characters", "{n} 个字符").fill(n=len(value)) if isinstance(value, str) else shown(value, path)
        )
        return expected.fill(limit=context[key]), found, DELETE
    return same(refusal.message), shown(value, path), DELETE


def _in_unit_of(value: object, limit: float) -> str:
    """A limit as the value is written: a duration, a size or a plain number."""
    if isinstance(value, str):
        for parse, form in ((parse_duration, format_duration), (parse_size, lambda size: format_size(round(size)))):
            try:
                parse(value)
            except ValueError:
                continue
            return form(limit)
    return f"{limit:g}"


def _missing(refusal: _Refusal) -> Texts:
    key = str(refusal.path[-1])
    model = section(refusal.root, refusal.path[:-1])
    examples = (known_keys(model)[key].examples if model else None) or ["…"]
    text = yaml.safe_dump({key: examples[0]}, allow_unicode=True, default_flow_style=True, width=1000).strip()
    return (
        Words("the key {key}", "键 {key}").fill(key=key),
        NOTHING,
        Words("add {example}", "请添加 {example}").fill(example=text[1:-1]),
    )


def _unknown(refusal: _Refusal) -> Texts:
    model = section(refusal.root, refusal.path[:-1])
    known = list(known_keys(model)) if model else []
    return (
        Words("one of {keys}", "{keys} 之一").fill(keys=", ".join(known)),
        Words("the key {key}", "键 {key}").fill(key=quoted(str(refusal.path[-1]))),
        did_you_mean(refusal.path[-1], known, Words("delete it", "请删除该键")),
    )


def _choice(refusal: _Refusal) -> Texts:
    names = re.findall(r"'([^']*)'|([0-9]+)", refusal.context["expected"])
    known = [text or number for text, number in names]
    return one_of(known), shown(refusal.value, refusal.path), did_you_mean(refusal.value, known, DELETE)


def _pattern(refusal: _Refusal) -> Texts:
    if refusal.path[-1:] == ("sha256",):
        return (
            Words("64 hexadecimal digits, in small letters", "64 位小写十六进制数字"),
            shown(refusal.value, refusal.path),
            same("sha256sum FILE"),
        )
    return same(refusal.context["pattern"]), shown(refusal.value, refusal.path), DELETE


def _both(refusal: _Refusal) -> Texts:
    return (
        Words("each date as a holiday or as a workday", "每个日期只能是假日或调休工作日之一"),
        Words("{dates} as both", "{dates} 同时列为两者").fill(dates=refusal.context["dates"]),
        Words("delete it from holidays or workdays", "请从 holidays 或 workdays 中删除"),
    )


def _value_error(refusal: _Refusal) -> Texts:
    return same(refusal.context["error"]), shown(refusal.value, refusal.path), DELETE


def _own(refusal: _Refusal) -> Texts:
    expected, found, mend = refusal.context["words"]
    return expected, found or shown(refusal.value, refusal.path), mend


_SPECIAL: dict[str, Callable[[_Refusal], Texts]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _choice,
    "enum": _choice,
    "string_pattern_mismatch": _pattern,
    "holiday_and_workday": _both,
    "value_error": _value_error,
    "city_eye": _own,
}
