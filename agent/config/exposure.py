"""Who else on this machine can read a secret, or rewrite the configuration: the modes of the files themselves.

Only what all users of the machine may do is told. A group is somebody's decision: on a box the file usually belongs to
root and to the agent's group.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path as File

from agent.config.checks import cameras, passwords_in_addresses, plain_passwords, secret_sections
from agent.config.kinds import split_credentials
from agent.config.words import Finding, Path, Words, is_secret, path_text

_CHANGED = Words("a file that only its owner and group may change", "只有所有者和用户组可以修改的文件")
_READ = Words("a file that only its owner and group may read", "只有所有者和用户组可以读取的文件")


def exposed(file: File, data: object, home: File) -> Iterator[Finding]:
    """Warn of a configuration that anybody may change, and of secrets that anybody may read.

    Args:
        file: with the configuration. data: its content, as it is written. home: where its relative paths start.
    """
    if _mode(file) & stat.S_IWOTH:
        yield _warning((), file, _CHANGED, "o-w")
    if _mode(file) & stat.S_IROTH and any(True for _ in _held(data)):
        yield _warning((), file, _READ, "o-rwx")
    for path, name in _kept_elsewhere(data):
        if "\0" not in name and _mode(home / name) & (stat.S_IROTH | stat.S_IWOTH):
            yield _warning(path, home / name, _READ, "o-rwx")


def _held(data: object) -> Iterator[Path]:
    """Where a secret stands in the file itself."""
    for finding in (*plain_passwords(data), *passwords_in_addresses(data)):
        yield finding.path
    for path, camera in cameras(data):
        if isinstance(camera.get("url"), str) and split_credentials(camera["url"])[1] is not None:
            yield (*path, "url")
    for path, section in secret_sections(data):
        if isinstance(section.get("put_url"), str) and "?" in section["put_url"]:
            yield (*path, "put_url")


def _kept_elsewhere(data: object) -> Iterator[tuple[Path, str]]:
    """The files that secrets lie in."""
    for path, section in secret_sections(data):
        for key, secret in section.items():
            if is_secret((key,)) and isinstance(secret, dict) and isinstance(secret.get("file"), str):
                yield (*path, key), secret["file"]
        tls = section.get("tls")
        if isinstance(tls, dict) and isinstance(tls.get("key_file"), str):
            yield (*path, "tls", "key_file"), tls["key_file"]


def _mode(file: File) -> int:
    """Of a file whose folder lets anybody in at all; nothing for one that is not there: somebody else tells of it."""
    try:
        return file.stat().st_mode if file.is_file() else 0
    except OSError:
        return 0


def _warning(path: Path, file: File, expected: Words, mend: str) -> Finding:
    found = Words("mode {mode:03o} of {file}", "{file} 的权限为 {mode:03o}").fill(
        mode=stat.S_IMODE(_mode(file)), file=path_text(file)
    )
    command = Words("chmod {mend} {file}", "chmod {mend} {file}").fill(mend=mend, file=path_text(file))
    return Finding(path=path, expected=expected, found=found, mend=command, warning=True)
