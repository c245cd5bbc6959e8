"""The pattern of addresses that pictures are put to. It may hold a signature, so it is kept and shown as a password."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from agent.config.kinds import did_you_mean, fault
from agent.config.secrets import Secret
from agent.config.words import Words, same
from agent.core.picture_address import PLACEHOLDER, PLACEHOLDERS

_EXAMPLE = "https://store.example/bucket/{tenant}/{box}/{date}/{incident}/{id}.jpg"
_PLAIN_NAME = re.compile(r"[A-Za-z_]{1,20}")
_ADDRESS = Words("an http:// or https:// address with {id} in its path", "http:// 或 https:// 地址，路径中含 {id}")


def _put_url(secret: SecretStr) -> SecretStr:
    pattern = secret.get_secret_value()
    if not pattern:  # secrets were not fetched
        return secret
    unknown = [name for name in PLACEHOLDER.findall(pattern) if name not in PLACEHOLDERS]
    if unknown:
        name = unknown[0] if _PLAIN_NAME.fullmatch(unknown[0]) else "…"
        known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
        raise fault(
            Words(f"no placeholders but {known}", f"占位符只能是 {known}"),
            same(f"{{{name}}}"),
            did_you_mean(name, list(PLACEHOLDERS), Words("correct it", "请改正")),
        )
    if found := _wrong(pattern):
        raise fault(_ADDRESS, found, Words(f"for example {_EXAMPLE}", f"例如 {_EXAMPLE}"))
    return secret


def _wrong(pattern: str) -> Words | None:
    """What is the matter with the address; never the address itself."""
    if re.search(r"[{}]", PLACEHOLDER.sub("", pattern)):
        return Words("a brace without its counterpart", "不成对的花括号")
    if any(c.isspace() or not c.isprintable() for c in pattern):
        return Words("an address with blanks", "含空白字符的地址")
    try:
        parts = urlsplit(pattern)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Words("an address that cannot be read", "无法解析的地址")
    if parts.scheme not in ("http", "https") or not host:
        return Words("another kind of address", "其他类型的地址")
    if "@" in parts.netloc:
        return Words("a login inside the address", "地址中含有登录信息")
    if "{" in parts.netloc or parts.fragment:
        return Words("a placeholder in the host, or a fragment (#)", "主机名中含占位符，或含片段（#）")
    if "{id}" not in parts.path:
        return Words("no {id} in the path: pictures would replace each other", "路径中没有 {id}：图片会互相覆盖")
    return None


PutUrl = Annotated[Secret, AfterValidator(_put_url)]
"""A pattern of addresses; `get_secret_value()` gives it, `repr` does not."""
