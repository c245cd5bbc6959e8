"""Passwords: where one may stand, and fetching it from there while the file is read. Never shown, not even in part."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema

from agent.config.kinds import Surroundings, fault, os_fault
from agent.config.words import NOTHING, Words, path_text, same, shown

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_BYTES = 64 * 1024

_SECRET = Words(
    "text in quotes, {{env: NAME}}, {{file: PATH}} or {{credential: NAME}}",
    "加引号的文字，或 {{env: 变量名}}、{{file: 路径}}、{{credential: 名称}}",
).fill()


def _secret(value: object, info: ValidationInfo) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, str):
        if not value:
            raise fault(_SECRET, NOTHING, Words("write it, or delete the key", "请填写，或删除该键"))
        return value
    if isinstance(value, dict) and len(value) == 1:
        (source, name), *_ = value.items()
        if source in _SOURCES and isinstance(name, str) and name:
            around = Surroundings.of(info)
            return _SOURCES[source](name, around) if around.secrets else ""
    mend = (
        Words("put it in quotes", "请加引号")
        if isinstance(value, int | float)
        else Words("write one of these", "请使用其中一种写法")
    )
    raise fault(_SECRET, shown(value, ("password",)), mend)


def _from_env(name: str, around: Surroundings) -> str:
    if not _ENV_NAME.fullmatch(name):
        expected = Words("the NAME of an environment variable", "环境变量的名称")
        raise fault(expected, Words("other text", "其他文字"), same("{env: CAMERA_PASSWORD}"))
    value = around.env.get(name)
    if not value:
        expected = Words("environment variable {name} with the secret", "含密码的环境变量 {name}").fill(name=name)
        found = Words("it is not set", "未设置") if value is None else Words("it is empty", "为空")
        raise fault(expected, found, Words("set {name} for the agent", "请为本程序设置 {name}").fill(name=name))
    return value


def _from_file(name: str, around: Surroundings) -> str:
    path = (around.home / name.replace("\0", "")).absolute()
    return _read_secret(path)


def _from_credential(name: str, around: Surroundings) -> str:
    folder = around.env.get("CREDENTIALS_DIRECTORY")
    if not folder or "/" in name or "\0" in name:
        expected = Words("a credential that systemd passes to the service", "由 systemd 传入服务的凭据")
        found = (
            same("$CREDENTIALS_DIRECTORY: ")
            if folder
            else Words("$CREDENTIALS_DIRECTORY is not set", "$CREDENTIALS_DIRECTORY 未设置")
        )
        raise fault(expected, Words("a path", "路径") if folder else found, same("LoadCredential=NAME:PATH"))
    return _read_secret(Path(folder) / name)


def _read_secret(path: Path) -> str:
    expected = Words("a file with the secret on one line", "仅一行、内容为密码的文件")
    mend = Words("write the secret into it, readable for the agent only", "请写入密码，并仅允许本程序读取")
    found = Words("not a file", "不是文件")
    try:
        if path.is_file():
            with path.open("rb") as stream:
                text = stream.read(_SECRET_BYTES).decode("utf-8").rstrip("\r\n")
            if text and "\n" not in text:
                return text
            found = Words("more than one line", "多于一行") if text else Words("an empty file", "空文件")
        elif not path.exists():
            found = Words("no file {path}", "没有文件 {path}").fill(path=path_text(path))
    except UnicodeDecodeError:
        found = Words("a file that is not UTF-8 text", "不是 UTF-8 文本的文件")
    except OSError as error:
        found = os_fault(path, error)
    raise fault(expected, found, mend)


_SOURCES = {"env": _from_env, "file": _from_file, "credential": _from_credential}
_TEXT = {"type": "string", "minLength": 1}

Secret = Annotated[
    SecretStr,
    BeforeValidator(_secret),
    WithJsonSchema(
        {
            "anyOf": [_TEXT]
            + [
                {"type": "object", "properties": {source: _TEXT}, "required": [source], "additionalProperties": False}
                for source in _SOURCES
            ]
        }
    ),
]
"""A password; `get_secret_value()` gives it, `repr` does not."""
