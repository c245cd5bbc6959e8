"""What no single key of an evaluation set can tell: files that must be there, names that must exist.

As `checks`, these look at the plain data, so that they are told even where other parts are broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.config import checks, document
from agent.config.kinds import did_you_mean, os_fault
from agent.config.reading import text_of
from agent.config.words import DELETE, Finding, Words, one_of, path_text, same, shown
from agent.config.words import Path as Place

_TRUTH = Words("a file with a list of things", "含物体列表的文件")
_PLAYED = ("video", "observations")


def files(data: object, home: Path) -> Iterator[Finding]:
    """Videos and recordings that cannot be opened. `home`: where relative paths start."""
    for path, clip in _clips(data):
        given = [key for key in _PLAYED if clip.get(key) is not None]
        name = clip[given[0]] if len(given) == 1 else None
        if not isinstance(name, str) or not name or "\0" in name:
            continue
        file = home / name
        try:
            with file.open("rb"):
                pass
        except OSError as error:
            yield Finding(
                path=(*path, given[0]),
                expected=Words("a file that can be read", "可读取的文件"),
                found=os_fault(file, error),
                mend=Words(
                    "correct the path, or name the folder that it starts from with --data",
                    "请改正路径，或用 --data 指定相对路径的起始文件夹",
                ),
            )


def _clips(data: object) -> Iterator[tuple[Place, dict[str, Any]]]:
    clips = data.get("clips") if isinstance(data, dict) else None
    for i, clip in enumerate(clips if isinstance(clips, list) else []):
        if isinstance(clip, dict):
            yield ("clips", i), clip


def take_in(data: object, home: Path) -> Iterator[Finding]:
    """Put the list of a truth file in the place of the file's name."""
    for path, clip in _clips(data):
        name = clip.get("truth")
        if not isinstance(name, str) or not name or "\0" in name:
            continue
        clip["truth"], here, file = [], (*path, "truth"), home / name
        text = text_of(file, _TRUTH)
        faults = [text] if isinstance(text, Finding) else (inner := document.read(text)).findings
        if not isinstance(text, Finding) and isinstance(inner.data, list):
            clip["truth"] = inner.data
        elif not faults:
            yield _in_file(here, file, Finding(path=(), expected=_TRUTH, found=shown(inner.data), mend=_AS_LIST))
        for found in faults:
            yield _in_file(here, file, found)


def _in_file(path: Place, file: Path, finding: Finding) -> Finding:
    where = path_text(file) + (f":{finding.line}" if finding.line else "")
    return Finding(
        path=path,
        expected=finding.expected,
        found=Words("{where}: {found}", "{where}：{found}").fill(where=where, found=finding.found),
        mend=finding.mend,
    )


_AS_LIST = Words("begin each thing with a dash: - …", "每个物体以 “- ” 开头")


def relations(data: object) -> Iterator[Finding]:
    """Every relation between keys that does not hold. Zones and calendars are looked at as those of cameras."""
    clips = list(_clips(data))
    yield from checks.unique("clips", [((*path, "id"), clip.get("id")) for path, clip in clips])
    as_cameras = [{"zones": clip.get("zones")} for _, clip in clips]
    shared: Mapping[str, Any] = data if isinstance(data, dict) else {}
    keys = {key: shared[key] for key in ("calendars", "model") if key in shared}
    for finding in checks.relations({**keys, "cameras": as_cameras}):
        path = finding.path
        if path[:1] == ("cameras",):
            path = (*clips[int(path[1])][0], *path[2:])
        yield Finding(path=path, expected=finding.expected, found=finding.found, mend=finding.mend)
    for path, clip in clips:
        yield from _one_file(path, clip)
        yield from _things(path, clip)


def _one_file(path: Place, clip: Mapping[str, Any]) -> Iterator[Finding]:
    given = [key for key in _PLAYED if clip.get(key) is not None]
    if len(given) != 1:
        yield Finding(
            path=path if not given else (*path, given[1]),
            expected=Words("either video or observations", "video 与 observations 二选一"),
            found=Words("both", "两者都有") if given else Words("neither", "两者都没有"),
            mend=Words("give one of the two", "请只写其中一个"),
        )


def _things(path: Place, clip: Mapping[str, Any]) -> Iterator[Finding]:
    zones = clip.get("zones")
    known = [zone.get("id") for zone in zones if isinstance(zone, dict)] if isinstance(zones, list) else []
    truth = clip.get("truth")
    for i, thing in enumerate(truth if isinstance(truth, list) else []):
        if not isinstance(thing, dict):
            continue
        here = (*path, "truth", i)
        zone = thing.get("zone")
        if isinstance(zone, str) and zone not in known:
            listed = (
                one_of(known) if known else Words("a zone of the clip (there are none)", "片段中的区域（目前没有）")
            )
            mend = did_you_mean(zone, [str(k) for k in known], DELETE)
            yield Finding(path=(*here, "zone"), expected=listed, found=shown(zone), mend=mend)
        if thing.get("class") is None and thing.get("rule") is None and thing.get("negative") is not True:
            yield Finding(
                path=here,
                expected=Words("class or rule", "class 或 rule"),
                found=Words("neither", "两者都没有"),
                mend=same("class: car"),
            )
