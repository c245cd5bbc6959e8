"""Texts of the command line in the users' two languages, and which language to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.config import Lang

LANGS: tuple[Lang, ...] = ("en", "zh-CN")
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")

_TEXTS: dict[str, tuple[str, str]] = {
    "app.help": (
        "City Eye edge agent: street cameras in, verified incidents out.",
        "城市之眼边缘代理：接入街面摄像机，上报经核实的事件。",
    ),
    "app.lang": ("Language of the texts: en or zh.", "界面语言：en 或 zh。"),
    "lang.unknown": ("--lang: expected en or zh, found {found}", "--lang：应为 en 或 zh，实际为 {found}"),
    "file.help": ("The configuration file.", "配置文件。"),
    "check.help": (
        "Check a configuration file and tell everything that is wrong with it. Never touches the network.",
        "检查配置文件，一次列出全部问题。不访问网络。",
    ),
    "check.json": ("Print the result as JSON.", "以 JSON 输出结果。"),
    "check.expected": ("expected", "应为"),
    "check.found": ("found", "实际"),
    "check.mend": ("mend", "处理"),
    "check.warning": ("warning", "警告"),
    "check.bad": (
        "{file}: {problems} problem(s), {warnings} warning(s)",
        "{file}：{problems} 个问题，{warnings} 个警告",
    ),
    "check.good": ("{file}: good, {warnings} warning(s)", "{file}：有效，{warnings} 个警告"),
    "check.box": ("box", "设备"),
    "check.broker": ("broker", "服务器"),
    "check.cameras": ("cameras", "摄像机"),
    "check.counts": (
        "{cameras}, with {zones} zone(s) and {rules} rule(s)",
        "{cameras} 台，区域 {zones} 个，规则 {rules} 条",
    ),
    "check.version": ("version", "版本"),
    "config.help": ("About the configuration file.", "关于配置文件。"),
    "schema.help": (
        "Print the JSON Schema of the configuration file, for editors.",
        "输出配置文件的 JSON Schema，供编辑器使用。",
    ),
    "version.help": ("Print the version.", "输出版本号。"),
}


class Texts:
    """The texts in one language: `say("check.good", file=…)`."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang

    def __call__(self, key: str, /, **values: object) -> str:
        """One text, its `{placeholders}` filled. Raises KeyError for a text that does not exist."""
        text = _TEXTS[key][LANGS.index(self.lang)]
        return text.format(**values) if values else text


def known_lang(text: str) -> Lang | None:
    """The language that a tag or a locale names: `zh`, `zh-CN`, `zh_CN.UTF-8`, `en_US`."""
    name = text.replace("_", "-").partition(".")[0].partition("-")[0].lower()
    return {"zh": "zh-CN", "en": "en"}.get(name)  # type: ignore[return-value]


def lang_of(environ: Mapping[str, str]) -> Lang:
    """The language of the locale: the first of LC_ALL, LC_MESSAGES, LANG that is set decides; else English."""
    locale = next((environ[name] for name in _LOCALE_VARIABLES if environ.get(name)), "")
    return known_lang(locale) or "en"


def take_lang(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """`--lang X` or `--lang=X`, wherever it stands before a `--`, and the other arguments."""
    found: str | None = None
    rest: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--":
            rest += [argument, *arguments]
        elif argument == "--lang":
            found = next(arguments, "")
        elif argument.startswith("--lang="):
            found = argument.removeprefix("--lang=")
        else:
            rest.append(argument)
    return found, rest
