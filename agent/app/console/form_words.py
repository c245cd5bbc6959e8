"""What `cityeye check` says of a file, in words for whoever fills in a form and sees no file."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from typing import NamedTuple

from agent.config.words import DELETE, Lang, Words, same
from agent.core.errors import Problem


class Told(NamedTuple):
    """A problem's texts."""

    expected: str
    found: str
    mend: str


_TICK = Words("tick one at least", "请至少勾选一项")
_TICKED = (".classes", ".channels")
_ID_MISSING = Words("the key id", "键 id")
_ID = Words("an id", "编号")
_FREE_ID = Words("for example {id}", "例如 {id}")

_FORMS: list[tuple[Words, Words]] = [
    (Words(*map(re.escape, DELETE)), Words("correct it, or empty the field", "请改正，或清空此项")),
    (
        Words(r"give a value, write \{\} .*", "请填写值；.*"),
        Words("give a value, or empty the field", "请填写，或清空此项"),
    ),
    (Words("write digits without quotes", "请写不带引号的数字"), Words("write digits", "请写数字")),
    (same(re.escape("rules: {illegal_parking: {}}")), Words("tick below what is watched for", "请在下方勾选管什么")),
    (
        Words("model or scene_change where place is ground", "place 为 ground 时须含 model 或 scene_change"),
        Words("detector or picture change, for litter on the ground", "管地面上的垃圾时，须有目标识别或画面变化"),
    ),
    (
        Words("only zone_state, which never reports there", "只有 zone_state，永远不会上报"),
        Words("only the taught zone, which never reports there", "只有示教区域，永远不会上报"),
    ),
    (
        Words("set place: bin, or delete channels", "请设 place: bin，或删除 channels"),
        Words("choose the bin, or tick another way of seeing", "请改为管垃圾桶，或另外勾选一种判断依据"),
    ),
    (
        Words("a class that stands in classes", "classes 中的类别"),
        Words("one that is ticked for this rule", "此规则已勾选的类别"),
    ),
    (
        Words("add (?P<name>.*) to classes, or delete it here", "请将 (?P<name>.*) 加入 classes，或在此删除"),
        Words("tick it for this rule, or empty the field", "请为此规则勾选该类别，或清空此项"),
    ),
    (
        Words("at least the dwell, (?P<dwell>.*)", "不小于 dwell，即 (?P<dwell>.*)"),
        Words("at least the dwell, {dwell}", "不小于停留时限，即 {dwell}"),
    ),
    (
        Words("lengthen it, or shorten dwell", "请加长，或缩短 dwell"),
        Words("lengthen it, or shorten the dwell", "请加长，或缩短停留时限"),
    ),
    (
        Words(r"at least model\.min_score, (?P<n>.*)", r"不小于 model\.min_score，即 (?P<n>.*)"),
        Words("at least {n}, the least score of this box", "不小于本设备的最低置信度 {n}"),
    ),
    (
        Words(
            r"the detector drops what lies below: lower model\.min_score",
            r"更低的已被检测器丢弃：请调低 model\.min_score",
        ),
        Words(
            "what lies below is not kept by this box: raise it, or have that of the box lowered",
            "更低的已被本设备丢弃：请调高此项，或请管理员调低本设备的最低置信度",
        ),
    ),
    (
        Words("delete it from holidays or workdays", "请从 holidays 或 workdays 中删除"),
        Words("delete it in one of the two lists", "请从其中一个列表中删除"),
    ),
]
"""What the file's words are, and those of a form."""


def in_form(problem: Problem, lang: Lang, ids: Collection[object] = ()) -> Told:
    """Its texts, which are in that language, for a form. `ids`: those of the zones, of which a new one must differ."""
    if problem.expected == _ID_MISSING.of(lang):
        return Told(_ID.of(lang), problem.found, _FREE_ID.fill(id=_free(ids)).of(lang))
    expected, found, mend = (_said(text, lang) for text in (problem.expected, problem.found, problem.mend))
    if problem.key.endswith(_TICKED) and problem.mend == DELETE.of(lang):
        mend = _TICK.of(lang)
    return Told(expected, found, mend)


def _said(text: str, lang: Lang) -> str:
    for said, meant in _FORMS:
        if match := re.fullmatch(said.of(lang), text):
            return meant.of(lang).format(**match.groupdict())
    return text


def _free(ids: Collection[object]) -> str:
    return next(name for n in count(1) if (name := f"zone-{n}") not in ids)
