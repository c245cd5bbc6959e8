"""Changing values in a YAML text in place: whatever is not another value stays byte for byte, comments and all.

Works on the marks of PyYAML's nodes, by the same loader that reads a configuration. An alias has no node of its own,
only the one that it stands for, so where it stands is known by the parser's events. What comes out has to be read again
and compared: a text can be stranger than what is thought of here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from agent.config.document import Loader, composed, plain
from agent.config.yaml_text import item_lines, lines_of, one_line

MERGE = "<<"
_COMMA = re.compile(r"[ \t]*,")
_CLOCK = re.compile(r"\d{1,2}:\d\d")
_COMMENT_LINE = re.compile(r"(?P<indent>[ \t]*)#")

_Own = Mapping[str, tuple[yaml.Node, yaml.Node]]
"""The keys that stand in a mapping itself, and their values."""


@dataclass(frozen=True, slots=True)
class Alias:
    """Where `*name` stands, and what it stands for."""

    start: int
    end: int
    anchor: str


class Splicer:
    """Collects changes of one text; `result` applies them. Places are indices of characters."""

    def __init__(self, text: str) -> None:
        """Raises yaml.YAMLError for a text that cannot be read."""
        self.text = text
        self.root = composed(text)
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._changes: list[tuple[int, int, str]] = []
        self.aliases = list(_aliases(text))

    def result(self) -> str:
        """The text with all changes."""
        parts, done = list[str](), 0
        for start, end, text in sorted(self._changes, key=lambda change: change[:2]):
            parts += [self.text[done:start], text]
            done = max(done, end)
        return "".join([*parts, self.text[done:]])

    def alias(self, node: yaml.Node, after: int) -> Alias | None:
        """The alias through which a node is the value that begins after a place; None: the node stands there itself."""
        if node.start_mark.index >= after:
            return None
        return self.aliases[bisect_left(self.aliases, after, key=lambda alias: alias.start)]

    def value(self, node: yaml.Node, new: object, after: int) -> None:
        """Have a value be another. `after`: behind the colon, comma, dash or bracket before it."""
        if plain(node) == new:
            return
        alias = self.alias(node, after)
        if alias is not None:
            self.replace(alias.start, alias.end, one_line(new))
        elif isinstance(node, yaml.MappingNode) and isinstance(new, Mapping) and node.value and new:
            self._mapping(node, new, after)
        elif isinstance(node, yaml.SequenceNode) and isinstance(new, list) and node.value and new:
            self._sequence(node, new, after)
        else:
            self._whole(node, new, after)

    def replace(self, start: int, end: int, text: str) -> None:
        """Put a text between two places."""
        self._changes.append((start, end, text))

    def remove_lines(self, start: int, end: int) -> None:
        """Delete the lines of two places and those between them."""
        self.replace(self.line_start(start), self._next_line(end), "")

    def insert_lines(self, at: int, lines: Sequence[str]) -> None:
        """Put lines below the line of a place."""
        at = self._next_line(at)
        ended = at == 0 or self.text[at - 1] == "\n"
        joined = self._newline.join(lines)
        self.replace(at, at, f"{joined}{self._newline}" if ended else f"{self._newline}{joined}")

    def end(self, node: yaml.Node) -> int:
        """Behind the last character of a node, without the blank lines and comments that PyYAML counts in."""
        if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
            return max(node.start_mark.index, self._without_blanks(node.end_mark.index))
        if isinstance(node, yaml.MappingNode):
            key, value = node.value[-1]
            return self._end_after(value, key.end_mark.index)
        place = node.start_mark.index
        for item in node.value:
            place = self._end_after(item, place)
        return place

    def end_with_comments(self, node: yaml.Node, column: int) -> int:
        """As `end`, with the lines of comments below that are indented by more than `column`."""
        return self._with_comments(self.end(node), column)

    def _with_comments(self, place: int, column: int) -> int:
        while (line := self._next_line(place)) < len(self.text):
            match = _COMMENT_LINE.match(self.text, line)
            if match is None or len(match["indent"]) <= column:
                break
            place = line
        return place

    def line_start(self, place: int) -> int:
        """The first character of the line of a place."""
        return self.text.rfind("\n", 0, place) + 1

    def after_key(self, key: yaml.Node) -> int:
        """Behind the colon of a key."""
        return self.text.index(":", key.end_mark.index) + 1

    def _without_blanks(self, place: int) -> int:
        """A place without the blanks before it."""
        while place and self.text[place - 1].isspace():
            place -= 1
        return place

    def _next_line(self, place: int) -> int:
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1

    def _end_after(self, node: yaml.Node, after: int) -> int:
        alias = self.alias(node, after)
        return self.end(node) if alias is None else alias.end

    def _whole(self, node: yaml.Node, new: object, after: int) -> None:
        start, end = node.start_mark.index, self.end(node)
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and self.line_start(start) > after:
            self.replace(after, after, f" {one_line(new)}")  # before a comment behind the key
            self.remove_lines(start, end)
        else:
            self.replace(start, end, one_line(new))

    def _mapping(self, node: yaml.MappingNode, new: Mapping[str, object], after: int) -> None:
        own = {key.value: (key, value) for key, value in node.value if key.value != MERGE}
        known = plain(node)
        assert isinstance(known, dict)
        gone = [name for name in own if name not in new]
        further = {key: value for key, value in new.items() if key not in own and not _same(known, key, value)}
        if not own or len(gone) == len(own) or (node.flow_style and gone):
            self._whole(node, new, after)
            return
        quote = self._clock_quote(own, known, new)
        for name, (key, value) in own.items():
            if name in new:
                if not (quote and self._clock(value, new[name], quote)):
                    self.value(value, new[name], self.after_key(key))
            else:
                self.remove_lines(key.start_mark.index, self._end_after(value, key.end_mark.index))
        if further and node.flow_style:
            end = self._without_blanks(self.end(node) - 1)
            end -= self.text[end - 1] == ","
            self.replace(end, end, f", {one_line(further)[1:-1]}")
        elif further:
            column = next(iter(own.values()))[0].start_mark.column
            written = [line for key, value in further.items() for line in lines_of(key, value, column)]
            self.insert_lines(self.end_with_comments(node, column), written)

    def _clock_quote(self, own: _Own, known: Mapping[str, object], new: Mapping[str, object]) -> str:
        """The quote for all times of a mapping, where one of them is written anew; empty where none is."""
        if not any(_is_clock(value) and known.get(name) != value for name, value in new.items()):
            return ""
        styles = [
            value.style for _, value in own.values() if isinstance(value, yaml.ScalarNode) and _is_clock(value.value)
        ]
        return next((style for style in styles if style in ("'", '"')), "'")

    def _clock(self, node: yaml.Node, new: object, quote: str) -> bool:
        """Have a time that stands there by itself be another one, and be quoted; whether it was one."""
        start, end = node.start_mark.index, node.end_mark.index
        text = self.text[start:end]
        if not (_is_clock(new) and isinstance(node, yaml.ScalarNode) and _is_clock(text.strip("'\""))):
            return False
        if text.strip("'\"") != new or text == new:
            self.replace(start, end, f"{quote}{new}{quote}")
        return True

    def _sequence(self, node: yaml.SequenceNode, new: list[object], after: int) -> None:
        """Item by item; where their number changes, those alike at the beginning and at the end stay as they are."""
        old, n = [plain(item) for item in node.value], min(len(node.value), len(new))
        first = last = 0
        if len(old) != len(new):
            first = _alike(old, new)
            last = _alike(old[first:][::-1], new[first:][::-1])
        if n == last and not node.flow_style and not self._begins_line(node.value[0], after):
            first = last = 0  # the line of its first item is another's too, so that stays
        places = [node.start_mark.index]
        for item in node.value:
            places.append(self._end_after(item, places[-1]))
        spans = [
            (self._start(item, place), end) for item, place, end in zip(node.value, places, places[1:], strict=False)
        ]
        for i in range(first, n - last):
            self.value(node.value[i], new[i], places[i])
        change = self._flow_items if node.flow_style else self._block_items
        change(node, spans, (n - last, len(old) - last), new[n - last : len(new) - last])

    def _flow_items(
        self, _node: yaml.SequenceNode, spans: Sequence[tuple[int, int]], gone: tuple[int, int], added: list[object]
    ) -> None:
        """Take some items of `[a, b]` out, or put others in their place."""
        first, end = gone
        if added:
            text = one_line(added)[1:-1]
            place = spans[first - 1][1] if first else spans[0][0]
            self.replace(place, place, f", {text}" if first else f"{text}, ")
        elif first < end:
            before = spans[first - 1][1] if first else spans[first][0]
            if first and "#" not in self.text[before : spans[first][0]]:
                self.replace(before, spans[end - 1][1], "")
            else:  # a comment, and the comma before it, stay
                behind = spans[end][0] if end < len(spans) else self._after_comma(spans[end - 1][1])
                self.replace(spans[first][0], behind, "")

    def _block_items(
        self, node: yaml.SequenceNode, spans: Sequence[tuple[int, int]], gone: tuple[int, int], added: list[object]
    ) -> None:
        """Take the lines of some items out, or put others in their place."""
        column, (first, end) = self._dash_column(node), gone
        for i in range(first, end):
            dash = self.text.rindex("-", spans[i - 1][1] if i else node.start_mark.index, spans[i][0])
            self.remove_lines(dash, self._with_comments(spans[i][1], column))
        lines = [line for item in added for line in item_lines(item, column)]
        if lines and first:
            self.insert_lines(self._with_comments(spans[first - 1][1], column), lines)
        elif lines:
            start = self.line_start(spans[0][0])
            self.replace(start, start, "".join(f"{line}{self._newline}" for line in lines))

    def _after_comma(self, place: int) -> int:
        """Behind the comma that follows a place on its line, if one does."""
        match = _COMMA.match(self.text, place)
        return place if match is None else match.end()

    def _begins_line(self, item: yaml.Node, after: int) -> bool:
        """Whether nothing but its dash is before the first item of a list on its line."""
        start = self._start(item, after)
        return self.text[self.line_start(start) : start].strip() == "-"

    def _start(self, node: yaml.Node, after: int) -> int:
        alias = self.alias(node, after)
        return node.start_mark.index if alias is None else alias.start

    def _dash_column(self, node: yaml.SequenceNode) -> int:
        first = node.value[0].start_mark.index
        dash = self.text.rfind("-", 0, first)
        return dash - self.line_start(dash)


def _aliases(text: str) -> Iterator[Alias]:
    if "*" not in text:
        return  # most have none, and the events take as long as the nodes
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.AliasEvent) and event.start_mark and event.end_mark and event.anchor:
            yield Alias(event.start_mark.index, event.end_mark.index, event.anchor)


def _alike(some: Sequence[object], others: Sequence[object]) -> int:
    """How many are the same from the beginning on."""
    n = 0
    while n < min(len(some), len(others)) and some[n] == others[n]:
        n += 1
    return n


def _is_clock(value: object) -> bool:
    return isinstance(value, str) and _CLOCK.fullmatch(value) is not None


def _same(known: Mapping[str, object], key: str, value: object) -> bool:
    return key in known and known[key] == value
