"""A file's text, or why there is none."""

from __future__ import annotations

import codecs
from pathlib import Path

from agent.config.words import Finding, Words, same

_MAX_BYTES = 4_000_000
_TEXT = Words("UTF-8 text", "UTF-8 文本")
_SAVE = Words("save the file as UTF-8", "请将文件保存为 UTF-8")


def text_of(path: Path, expected: Words) -> str | Finding:
    """The file's text. `expected` says what kind of file, where there is none."""
    correct = Words("correct the path", "请改正路径")
    try:
        if path.is_dir():
            return Finding(path=(), expected=expected, found=Words("a folder", "文件夹"), mend=correct)
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return Finding(path=(), expected=expected, found=Words("no such file", "文件不存在"), mend=correct)
    except (OSError, ValueError) as error:
        found = same(getattr(error, "strerror", None) or "?")
        return Finding(path=(), expected=expected, found=found, mend=Words("make it readable", "请授予读取权限"))
    if len(content) > _MAX_BYTES:
        found = Words("more than {n} bytes", "超过 {n} 字节").fill(n=_MAX_BYTES)
        return Finding(path=(), expected=expected, found=found, mend=correct)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Finding(path=(), expected=_TEXT, found=Words("UTF-16", "UTF-16"), mend=_SAVE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Finding(
            path=(), expected=_TEXT, found=Words("other bytes (GBK?)", "其他编码（GBK？）"), mend=_SAVE, line=line
        )
