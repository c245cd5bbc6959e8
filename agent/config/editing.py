"""One camera's zones changed in the text of a configuration, with everything else as it was written.

First in place, value by value. Where that would change more than was asked for, since values are shared by anchors,
the aliases are written out before; where that does not help either, the zones of this camera are written anew. What
comes out is read again: it says what was wanted and nothing else, or the edit is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from agent.config import document
from agent.config.splicing import Splicer
from agent.config.unaliased import written_out
from agent.config.unwritten import with_part
from agent.config.words import Words
from agent.config.yaml_text import item_lines, one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEdit:
    """A zone as it is to be, in the form of the file; `was`: the id that it has in the file, None for a new one."""

    was: str | None
    zone: dict[str, Any]


class EditFault(Exception):
    """The text cannot be changed in the way that was asked for; `words` say why.

    Attributes:
        by_file: it is the way in which the text is written that does not allow it.
    """

    def __init__(self, words: Words, *, by_file: bool = False) -> None:
        super().__init__(words.en)
        self.words = words
        self.by_file = by_file


def zones_of(data: object, camera: str) -> list[dict[str, Any]]:
    """The zones of a camera in the data of a document, with aliases written out. Raises EditFault."""
    return _zones(data, _number(data, camera))


def data_with_zones(data: object, camera: str, edits: Sequence[ZoneEdit]) -> document.Document:
    """The data of a document in which a camera has these zones, as `with_zones` would write them. Raises EditFault."""
    number = _number(data, camera)
    zones = [edit.zone for edit in ordered(_zones(data, number), edits)]
    try:
        return with_part(data, ("cameras", number, "zones"), zones)
    except document.TooManyNodes as error:
        raise EditFault(TOO_MANY.fill(what=Words("zones", "区域"), n=document.MAX_NODES)) from error


def with_zones(text: str, camera: str, edits: Sequence[ZoneEdit]) -> str:
    """The text in which a camera has these zones.

    Those that are there keep their order, and those that are new follow, in theirs.

    Raises:
        EditFault: there is no such camera or zone, or the text does not let itself be edited.
    """
    data = document.read(text).data
    number = _number(data, camera)
    wanted = data_with_zones(data, camera, edits).data
    zones = zones_of(wanted, camera)
    if data == wanted or not (edits or _zones(data, number)):
        return text
    ways = (
        lambda: _in_place(text, number, edits),
        lambda: _in_place(written_out(text, lambda splicer: _camera_node(splicer, number)), number, edits),
        lambda: _anew(written_out(text, lambda splicer: _camera_node(splicer, number)), number, zones),
    )
    return by_first_way(ways, wanted)


def by_first_way(ways: Sequence[Callable[[], str]], wanted: object) -> str:
    """The text that the first way makes which says what is wanted, and has no fault. Raises EditFault."""
    for way in ways:
        try:
            after = way()
        except (yaml.YAMLError, LookupError, ValueError):
            continue
        read = document.read(after)
        if read.data == wanted and not read.findings:
            return after
    raise EditFault(_TOO_STRANGE, by_file=True)


def ordered(zones: Sequence[dict[str, Any]], edits: Sequence[ZoneEdit]) -> list[ZoneEdit]:
    """The edits in the order in which their zones will stand in the file that has these zones. Raises EditFault."""
    there = [str(zone.get("id")) for zone in zones]
    named = [edit.was for edit in edits if edit.was is not None]
    if len(set(named)) < len(named) or not set(named) <= set(there):
        raise EditFault(_NO_ZONE)
    kept = sorted((edit for edit in edits if edit.was is not None), key=lambda edit: there.index(str(edit.was)))
    return [*kept, *(edit for edit in edits if edit.was is None)]


def _zones(data: Any, number: int) -> list[dict[str, Any]]:
    zones = data["cameras"][number].get("zones")
    return [zone for zone in zones if isinstance(zone, dict)] if isinstance(zones, list) else []


def _number(data: object, camera: str) -> int:
    cameras = data.get("cameras") if isinstance(data, dict) else None
    for number, section in enumerate(cameras if isinstance(cameras, list) else []):
        if isinstance(section, dict) and section.get("id") == camera:
            return number
    raise EditFault(_NO_CAMERA.fill(camera=camera))


def _in_place(text: str, number: int, edits: Sequence[ZoneEdit]) -> str:
    splicer = Splicer(text)
    camera = _camera_node(splicer, number)
    found = _zones_node(camera)
    if found is None:
        return _first_zones(splicer, camera, [edit.zone for edit in edits])
    key, zones = found
    after = splicer.after_key(key)
    new: list[object] = [edit.zone for edit in edits]
    block = isinstance(zones, yaml.SequenceNode) and not zones.flow_style and splicer.alias(zones, after) is None
    if block and any(edit.was is not None for edit in edits):
        _change_items(splicer, zones, edits)
    elif block or camera.flow_style or zones.value:
        splicer.value(zones, new, after)
    else:
        _block_for_none(splicer, key, zones, new)
    return splicer.result()


def _change_items(splicer: Splicer, zones: yaml.Node, edits: Sequence[ZoneEdit]) -> None:
    """Zone by zone: another value, gone, or new at the end."""
    by_id = {edit.was: edit for edit in edits}
    column = place = 0
    for i, item in enumerate(zones.value):
        if splicer.alias(item, zones.start_mark.index) is not None:
            raise ValueError("an alias for a zone")
        dash = splicer.text.rindex("-", 0, item.start_mark.index)
        column = dash - splicer.line_start(dash)
        place = splicer.end_with_comments(item, column)
        edit = by_id.get(str(document.plain(_value(item, "id"))))
        if edit is not None:
            splicer.value(item, edit.zone, item.start_mark.index)
        else:
            splicer.remove_lines(_with_comment_above(splicer, dash, column) if i else dash, place)
    if new := [line for edit in edits if edit.was is None for line in item_lines(edit.zone, column)]:
        splicer.insert_lines(place, new)


def _with_comment_above(splicer: Splicer, dash: int, column: int) -> int:
    """The first of the comment lines right above a zone, which are about it."""
    place, comment = dash, f"{' ' * column}#"
    while (start := splicer.line_start(place)) and splicer.text.startswith(comment, splicer.line_start(start - 1)):
        place = start - 1
    return place


def _first_zones(splicer: Splicer, camera: yaml.MappingNode, zones: list[dict[str, Any]]) -> str:
    if camera.flow_style:
        end = splicer.end(camera) - 1
        splicer.replace(end, end, f", zones: {one_line(zones)}")
        return splicer.result()
    column = camera.value[0][0].start_mark.column
    lines = [line for zone in zones for line in item_lines(zone, column + 2)]
    splicer.insert_lines(splicer.end(camera), [f"{' ' * column}zones:", *lines])
    return splicer.result()


def _block_for_none(splicer: Splicer, key: yaml.Node, zones: yaml.Node, new: list[object]) -> None:
    """`zones: []` becomes a list of lines, its comment stays."""
    splicer.replace(splicer.after_key(key), zones.end_mark.index, "")
    column = key.start_mark.column + 2
    splicer.insert_lines(zones.end_mark.index, [line for zone in new for line in item_lines(zone, column)])


def _anew(text: str, number: int, zones: list[dict[str, Any]]) -> str:
    """The whole list in place of the former one."""
    splicer = Splicer(text)
    camera = _camera_node(splicer, number)
    found = _zones_node(camera)
    if found is None:
        return _first_zones(splicer, camera, zones)
    key, node = found
    end = splicer.end(node)
    if camera.flow_style:
        splicer.replace(node.start_mark.index, end, one_line(zones))
        return splicer.result()
    lines = [line for zone in zones for line in item_lines(zone, key.start_mark.column + 2)]
    splicer.replace(splicer.after_key(key), end, "" if zones else " []")
    splicer.insert_lines(end, lines)
    return splicer.result()


def _camera_node(splicer: Splicer, number: int) -> yaml.MappingNode:
    assert splicer.root is not None
    cameras = _value(splicer.root, "cameras")
    camera = cameras.value[number]
    if not isinstance(camera, yaml.MappingNode):
        raise LookupError(number)
    return camera


def _zones_node(camera: yaml.MappingNode) -> tuple[yaml.Node, yaml.Node] | None:
    return next(((key, value) for key, value in camera.value if key.value == "zones"), None)


def _value(node: yaml.Node, name: str) -> yaml.Node:
    for key, value in node.value:
        if key.value == name:
            assert isinstance(value, yaml.Node)
            return value
    raise LookupError(name)


_NO_CAMERA = Words("there is no camera {camera} in the configuration in force", "当前配置中没有摄像机 {camera}")
_NO_ZONE = Words(
    "a zone that is changed is not in the configuration in force; load the page anew",
    "要修改的区域不在当前配置中；请重新载入页面",
)
TOO_MANY = Words("{what}: expected at most {n} values, found more", "{what}：最多 {n} 个值，实际更多")
_TOO_STRANGE = Words(
    "the file is written in a way that cannot be edited from here; edit it at the box, and check it with cityeye check",
    "该文件的写法无法在此编辑；请在设备上修改，并用 cityeye check 检查",
)
