"""YAML text to plain data, with the line of every key, and everything that YAML itself would hide.

Differs from a stock YAML loader on purpose: a key given twice is a problem, not a silent overwrite; `no`, `on` and
`22:00` are text, not booleans and sexagesimal numbers (the YAML 1.2 core schema); an empty value is a problem, since
a section whose lines are all commented out would silently mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import yaml

from agent.config import slips, syntax
from agent.config.words import NOTHING, Finding, Path, Words, is_secret, quoted, same, shown

MAX_NODES = 40_000
"""As written, and with its aliases written out: these make a small text grow without end. 64 cameras with 10 zones each
need about 20,000. Reading as many takes some seconds of a box."""
MAX_DEPTH = 40
MAX_INTEGER = 2**53


class TooManyNodes(yaml.YAMLError):
    """More than `MAX_NODES`, or without end."""


class Loader(yaml.SafeLoader):
    """Composes nodes with the implicit types of YAML 1.2 core, as long as there are not too many of them."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own name)
    nodes_n = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """As PyYAML does."""
        self.nodes_n += 1
        if self.nodes_n > MAX_NODES:
            raise TooManyNodes
        node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
        return node


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", r"(?:[-+]?[0-9]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
    ("float", r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^{_pattern}$"), _first)

_SCALARS: dict[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": lambda text: int(text, 16 if text.startswith("0x") else 10),
    "tag:yaml.org,2002:float": lambda text: float(text.replace(".inf", "inf").replace(".nan", "nan")),
    "tag:yaml.org,2002:str": str,
}
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Document:
    """Plain data (dicts with text keys, lists, scalars), where its keys stand, and what was wrong with it."""

    data: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def line(self, path: Path) -> int | None:
        """1-based line of a key, or of the nearest section around it that is written; None for a section left out."""
        around = [path[:n] for n in range(len(path), 0, -1)] or [path]
        return next((self.lines[place] for place in around if place in self.lines), None)

    def at(self, path: Path) -> object:
        """The value at a path, or None where there is none."""
        value = self.data
        for part in path:
            if isinstance(value, dict) or (isinstance(value, list) and isinstance(part, int) and part < len(value)):
                value = value.get(part) if isinstance(value, dict) else value[part]  # type: ignore[index]
            else:
                return None
        return value


_remembered: ContextVar[dict[str, yaml.Node | None] | None] = ContextVar("remembered", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Within, each text is composed once, in this thread; afterwards its nodes are let go."""
    if _remembered.get() is not None:
        yield
        return
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def composed(text: str) -> yaml.Node | None:
    """The nodes of a text, of which there are at most `MAX_NODES` however they are walked; None for an empty text.

    They may be those of an earlier call (see `remembering`): do not change them.

    Raises: yaml.YAMLError (`TooManyNodes` is one), RecursionError.
    """
    known = _remembered.get()
    if known is not None and text in known:
        return known[text]
    node = yaml.compose(text, Loader=Loader)
    if node is not None:
        _written_out_n(node, {})
    if known is not None:
        known[text] = node
    return node


def _written_out_n(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes there are with all aliases written out. Raises TooManyNodes."""
    if id(node) not in known:
        known[id(node)] = MAX_NODES  # an alias of something around it has no end
        inner = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
        parts = inner if isinstance(node, yaml.CollectionNode) else []
        known[id(node)] = 1 + sum(_written_out_n(part, known) for part in parts)
        if known[id(node)] > MAX_NODES:
            raise TooManyNodes
    return known[id(node)]


def read(text: str) -> Document:
    """Parse. Never raises: whatever is wrong is among the findings, and `data` holds what could be understood."""
    document = Document()
    try:
        node = composed(text)
        if node is None:
            document.findings.append(EMPTY)
        else:
            document.lines[()] = node.start_mark.line + 1
            document.data = _Reader(document).value(node, (), ())
    except TooManyNodes:
        document.findings.append(_TOO_MANY)
    except yaml.YAMLError as error:
        document.findings.append(syntax.finding(error, text))
    except RecursionError:
        document.findings.append(_TOO_DEEP)
    return document


def plain(node: yaml.Node) -> object:
    """The plain data of a node of a text that has no findings."""
    return _Reader(Document()).value(node, (), ())


class _Reader:
    """Turns nodes into data and notes down lines and findings."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def value(self, node: yaml.Node, path: Path, within: tuple[yaml.Node, ...]) -> object:
        """The plain data of a node. `within` holds the nodes around it."""
        if len(within) > MAX_DEPTH:
            self._document.findings.append(_TOO_DEEP)
            return ""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*within, node))
        if isinstance(node, yaml.SequenceNode):
            items = []
            for i, item in enumerate(node.value):
                self._document.lines.setdefault((*path, i), item.start_mark.line + 1)
                items.append(self.value(item, (*path, i), (*within, node)))
            return items
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path, within: tuple[yaml.Node, ...]) -> dict[str, object]:
        found: dict[str, object] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged.append(value_node)
                continue
            line = key_node.start_mark.line + 1
            key = self._key(key_node, path)
            if key is None:
                continue
            slip = _slip_of(key_node, value_node)
            key = slip.key if slip and slip.key else key
            if key in found:
                first = self._document.lines[(*path, key)]
                again = Words("{key} again (first on line {first})", "重复的 {key}（首次出现在第 {first} 行）")
                name = "***" if is_secret(path) else quoted(key)
                self._note((*path, key), _ONCE, again.fill(key=name, first=first), _DELETE_ONE, line)
                continue
            self._document.lines[(*path, key)] = line
            if slip:
                self._note((*path, key), slip.expected, slip.found, slip.mend)
            empty = slip and value_node.tag == _NULL
            found[key] = None if empty else self.value(value_node, (*path, key), within)
        for value_node in merged:
            self._merge(value_node, found, path, within)
        return found

    def _merge(self, node: yaml.Node, found: dict[str, object], path: Path, within: tuple[yaml.Node, ...]) -> None:
        """`<<: *other`: take over the keys that are not given here."""
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(part, yaml.MappingNode):
                self._note(path, _MERGE_EXPECTED, shown(""), _MERGE_MEND, node.start_mark.line + 1)
                continue
            for key, value in self._mapping(part, path, (*within, part)).items():
                found.setdefault(key, value)

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str" and _encodable(node.value):
            return str(node.value)
        found = shown(node.value if isinstance(node, yaml.ScalarNode) else [], path)
        self._note(path, _KEY_EXPECTED, found, _KEY_MEND, node.start_mark.line + 1)
        return None

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        convert = _SCALARS.get(node.tag)
        if convert is None:
            self._note(path, _TAG_EXPECTED, _TAG_FOUND, _TAG_MEND)
            return ""
        if not _encodable(node.value):
            self._note(path, _UNICODE_EXPECTED, _UNICODE_FOUND, _UNICODE_MEND)
            return ""
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        quotable = plain and path[-1:] != ("name",)  # a display name may well begin with “
        if quotable and (slip := slips.in_value(node.value)):
            self._note(path, slip.expected, slip.found, slip.mend)
            return str(node.value)
        try:
            value = convert(node.value)
        except ValueError:
            return str(node.value)
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            return str(node.value)
        if value is None:
            self._note(path, VALUE_EXPECTED, NOTHING, VALUE_MEND)
        return value

    def _note(self, path: Path, expected: Words, found: Words, mend: Words, line: int | None = None) -> None:
        self._document.findings.append(Finding(path=path, expected=expected, found=found, mend=mend, line=line))


def _slip_of(key: yaml.Node, value: yaml.Node) -> slips.Slip | None:
    """The slip of the typist in an unquoted key."""
    if isinstance(key, yaml.ScalarNode) and key.style is None:
        return slips.in_key(key.value, alone=value.tag == _NULL)
    return None


def _encodable(text: str) -> bool:
    r"""False for half of a surrogate pair ("\ud800"), which no file, terminal or wire can carry."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


EMPTY = Finding(
    path=(),
    expected=Words("a configuration", "配置内容"),
    found=Words("an empty file", "空文件"),
    mend=Words("start from configs/minimal.yaml", "请以 configs/minimal.yaml 为起点"),
)
_TOO_DEEP = Finding(
    path=(),
    expected=syntax.VALID,
    found=Words("brackets or lists nested too deeply", "嵌套层数过多"),
    mend=Words("lay it out as the files in configs do", "请参照 configs 中各文件的写法"),
)
_ONCE = Words("each key once", "每个键只出现一次")
_DELETE_ONE = Words("delete one of the two", "请删除其中一个")
_KEY_EXPECTED = Words("keys that are text", "键应为文字")
_KEY_MEND = Words("put the key in quotes", "请给键加引号")
VALUE_EXPECTED = Words("a value", "一个值")
VALUE_MEND = Words(
    "give a value, write {{}} for all defaults of a section, or delete the key",
    "请填写值；如整节都用默认值请写 {{}}；或删除该键",
).fill()
_TAG_EXPECTED = Words("plain values", "普通的值")
_TAG_FOUND = Words("a YAML tag (!name)", "YAML 标签（!name）")
_TAG_MEND = Words("put text that begins with ! in quotes", "以 ! 开头的文字请加引号")
_UNICODE_EXPECTED = Words("whole Unicode characters", "完整的 Unicode 字符")
_UNICODE_FOUND = Words(r"half of a surrogate pair (\ud800 to \udfff)", r"不完整的代理对（\ud800 至 \udfff）")
_UNICODE_MEND = Words("write the character itself", "请直接写该字符")
_TOO_MANY = Finding(
    path=(),
    expected=Words("at most {n} values, with all aliases written out", "展开全部别名后最多 {n} 个值").fill(n=MAX_NODES),
    found=Words("too many, or an alias of something around it", "数量过多，或引用自身的别名"),
    mend=Words("leave out what is not needed; write the section out", "请删去不需要的内容；把该节完整写出"),
)
_MERGE_MEND = Words("write the section out", "请把该节完整写出")
_MERGE_EXPECTED = same("<<: *mapping")
