"""The commands as a person or a program calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest

from agent import __version__
from agent.cli.texts import _TEXTS, Texts, known_lang, lang_of, take_lang
from tests.unit.cli.commands import GOOD, run, write


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "version") == (0, f"cityeye {__version__}\n", "")


def test_a_good_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    code, out, err = run(capsys, "check", file)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[:-2] == [
        f"{file}: good, 0 warning(s)",
        "  box      default/box-1 (Asia/Shanghai)",
        "  broker   mqtts://broker:8883 (cityeye-default-box-1)",
        "  cameras  1, with 1 zone(s) and 1 rule(s)",
        "    gate (东门)  kerb: illegal_parking",
    ]
    assert lines[-2].startswith("  version  ")
    assert lines[-1].endswith(f"data folder, broker and cameras are tried by: cityeye doctor --config {file}")


def test_a_bad_file_in_both_languages(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("mqtt: {host: broker}", "mqtt: {host: broker, keepalive: 30}"))
    code, out, _ = run(capsys, "check", file)
    assert code == 2
    assert out.splitlines() == [
        f"{file}:1  mqtt.keepalive",
        "  expected  a duration with its unit",
        "  found     the number 30",
        "  mend      for example 90s, 3m or 1h30m",
        "",
        f"{file}: 1 problem(s), 0 warning(s)",
    ]
    code, out, _ = run(capsys, "check", file, "--lang", "zh")
    assert code == 2
    assert out.splitlines() == [
        f"{file}:1  mqtt.keepalive",
        "  应为  带单位的时长",
        "  实际  数字 30",
        "  处理  例如 90s、3m 或 1h30m",
        "",
        f"{file}：1 个问题，0 个警告",
    ]


def test_json_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    code, out, _ = run(capsys, "check", "--json", file)
    good = json.loads(out)
    assert (code, good["ok"], good["problems"], good["summary"]["cameras"]) == (0, True, [], 1)
    file.write_text(GOOD.replace("host: broker", "host: ''"), encoding="utf-8")
    code, out, _ = run(capsys, "check", file, "--json")
    bad = json.loads(out)
    assert (code, bad["ok"], bad["summary"]) == (2, False, None)
    assert bad["problems"][0]["key"] == "mqtt.host"
    assert bad["problems"][0]["line"] == 1


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_file_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    code, out, _ = run(capsys, "check", tmp_path / name)
    assert code == 2
    assert "expected  a configuration file" in out


def test_the_schema_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "config", "schema")
    schema = json.loads(out)
    assert code == 0
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("argv", [["check"], ["nosuch"], ["--lang", "fr", "version"], ["--lang"]])
def test_wrong_usage(capsys: pytest.CaptureFixture[str], argv: Sequence[str]) -> None:
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert err


def test_help_speaks_the_locales_language(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Print the version." in run(capsys, "--help")[1]
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "输出版本号。" in run(capsys, "--help")[1]
    assert "Print the version." in run(capsys, "--lang=en", "--help")[1]


@pytest.mark.parametrize(
    ("env", "lang"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh-CN"),
        ({"LC_ALL": "", "LANG": "zh"}, "zh-CN"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_the_language_of_a_locale(env: dict[str, str], lang: str) -> None:
    assert lang_of(env) == lang


def test_the_language_can_stand_anywhere() -> None:
    assert take_lang(["check", "--lang", "zh", "f"]) == ("zh", ["check", "f"])
    assert take_lang(["--lang=en", "check", "--", "--lang"]) == ("en", ["check", "--", "--lang"])
    assert take_lang(["check"]) == (None, ["check"])
    assert known_lang("fr") is None


def test_every_text_exists_in_both_languages() -> None:
    for key, (en, zh) in _TEXTS.items():
        assert en and zh, key
    with pytest.raises(KeyError):
        Texts("en")("no.such.text")


def test_as_a_process_whose_terminal_cannot_show_chinese(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    env = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-m", "agent", "check", str(file), "--lang", "zh"], env=env, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"(\u4e1c\u95e8)  kerb" in done.stdout
