"""Texts of `cityeye console`."""

from __future__ import annotations

CONSOLE: dict[str, tuple[str, str]] = {
    "console.help": ("People with a password for the web console.", "网页控制台的用户。"),
    "console.add.help": (
        "Give somebody a password, or another one; also while the agent runs. Asks for it on a terminal.",
        "添加用户或修改其密码；代理运行时亦可。在终端中会提示输入密码。",
    ),
    "console.remove.help": ("Take somebody's password away; ends his logins.", "删除用户，其登录立即失效。"),
    "console.list.help": ("Who has a password.", "列出用户。"),
    "console.name": ("Name of the person.", "用户名。"),
    "console.role": ("viewer may look, operator may change things too.", "viewer 只能查看，operator 可以操作。"),
    "console.password_file": (
        "File whose first line is the password; - for standard input.",
        "密码文件（取第一行）；- 表示标准输入。",
    ),
    "console.password": ("Password", "密码"),
    "console.added": ("{name}: {role}, has a password", "{name}：{role}，密码已设置"),
    "console.removed": ("{name}: has no password any more", "{name}：已删除"),
    "console.unknown": ("{name}: expected somebody with a password", "{name}：没有该用户"),
    "console.bad": ("expected {expected}", "应为{expected}"),
    "console.bad_name": (
        "a name of at most 60 letters, digits, '.', '_', '@' and '-'",
        "不超过 60 个字符的用户名（文字、数字及 . _ @ -）",
    ),
    "console.bad_password": ("a password of {least} to {most} characters", "{least} 至 {most} 个字符的密码"),
    "console.nobody": ("nobody has a password", "没有用户"),
    "console.unread": ("{file}: expected a file that can be read, found: {found}", "{file}：无法读取：{found}"),
}
