"""What no single key can tell: names that must be unique or must exist, outlines, keys that need each other.

These look at the plain data, not at the models, so that they are told even where other parts are broken: whatever
has the wrong shape is passed over here, since the models report it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from agent.config import goods_line, polygon
from agent.config.kinds import did_you_mean, split_credentials
from agent.config.words import Finding, Path, Words, quoted, shown
from agent.core.address_secrets import secret_parameters

Section = dict[str, Any]


def credentials(data: object) -> Iterator[Finding]:
    """Move `user:password@` of camera addresses, in place, to `username` and `password`, and warn."""
    for path, camera in cameras(data):
        if not isinstance(camera.get("url"), str):
            continue
        url, username, password = split_credentials(camera["url"])
        if username is None:
            continue
        taken = [key for key in ("username", "password") if key in camera]
        camera["url"] = url
        if taken:
            yield Finding(
                path=(*path, "url"),
                expected=Words("the login in one place", "登录信息只写一处"),
                found=Words("one in url and one under {keys}", "url 与 {keys} 中各有一份").fill(keys=", ".join(taken)),
                mend=Words("delete it from url", "请从 url 中删除"),
            )
            continue
        camera.update({"username": username} if username else {}, **({"password": password} if password else {}))
        yield Finding(
            path=(*path, "url"),
            expected=Words("an address without a password", "不含密码的地址"),
            found=Words("a login inside the address", "地址中含有登录信息"),
            mend=Words(
                "use username and password: {{env: NAME}}", "请改用 username 与 password: {{env: 变量名}}"
            ).fill(),
            warning=True,
        )


def passwords_in_addresses(data: object) -> Iterator[Finding]:
    """Warn of those that are parameters: `?user=admin&pwd=…`, or `/user=admin&password=…` as XM cameras have it."""
    for path, camera in cameras(data):
        for key in ("url", "main_stream"):
            if isinstance(camera.get(key), str) and secret_parameters(camera[key]):
                yield Finding(
                    path=(*path, key),
                    expected=Words("an address without a password", "不含密码的地址"),
                    found=Words("a password or a token among its parameters", "参数中含有密码或令牌"),
                    mend=Words(
                        "if the camera takes a login, use username and password: {{env: NAME}}",
                        "若摄像机支持登录，请改用 username 与 password: {{env: 变量名}}",
                    ).fill(),
                    warning=True,
                )


def plain_passwords(data: object) -> Iterator[Finding]:
    """Passwords that stand in the file itself. To be asked before `credentials` adds those of addresses."""
    for path, section in logins(data):
        if isinstance(section.get("password"), str):
            yield Finding(
                path=(*path, "password"),
                expected=Words("a password kept outside the file", "密码保存在文件之外"),
                found=Words("the password itself", "密码明文"),
                mend=Words(
                    "use {{env: NAME}}, {{file: PATH}} or {{credential: NAME}}",
                    "请使用 {{env: 变量名}}、{{file: 路径}} 或 {{credential: 名称}}",
                ).fill(),
                warning=True,
            )


def relations(data: object) -> Iterator[Finding]:
    """Every relation between keys that does not hold."""
    yield from unique("cameras", [((*path, "id"), camera.get("id")) for path, camera in cameras(data)])
    yield from _same_address(data)
    yield from _one_model(data)
    yield from _way_of_pictures(data)
    for path, section in logins(data):
        yield from _needs(path, section, "password", "username")
    if isinstance(data, dict) and isinstance(data.get("mqtt"), dict) and isinstance(data["mqtt"].get("tls"), dict):
        yield from _needs(("mqtt", "tls"), data["mqtt"]["tls"], "key_file", "cert_file")
    for path, camera in cameras(data):
        areas = list(_sections(camera, path, "zones"))
        yield from unique("zones", [((*zone_path, "id"), zone.get("id")) for zone_path, zone in areas])
        for zone_path, zone in areas:
            points = _points(zone.get("polygon"))
            if points is not None:
                crooked = polygon.faults(points, (*zone_path, "polygon"))
                yield from crooked
                if not crooked:
                    yield from _goods_line(zone, zone_path, points)
            yield from _only_taught(zone, zone_path)
            yield from _calendar_names(zone, zone_path, data)


def cameras(data: object) -> Iterator[tuple[Path, Section]]:
    """The cameras that have the shape of one."""
    return _sections(data, (), "cameras")


def _sections(parent: object, path: Path, key: str) -> Iterator[tuple[Path, Section]]:
    items = parent.get(key) if isinstance(parent, dict) else None
    for i, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield (*path, key, i), item


def logins(data: object) -> Iterator[tuple[Path, Section]]:
    """The sections that may have a login: the broker's, and each camera's."""
    if isinstance(data, dict) and isinstance(data.get("mqtt"), dict):
        yield ("mqtt",), data["mqtt"]
    yield from cameras(data)


def secret_sections(data: object) -> Iterator[tuple[Path, Section]]:
    """All sections that may have a secret."""
    yield from logins(data)
    if isinstance(data, dict) and isinstance(data.get("evidence"), dict):
        yield ("evidence",), data["evidence"]


def unique(what: str, ids: list[tuple[Path, object]]) -> Iterator[Finding]:
    """Ids that stand there a second time. `what`: the key that they stand under."""
    first: dict[str, Path] = {}
    for path, name in ids:
        if not isinstance(name, str):
            continue
        if name in first:
            yield Finding(
                path=path,
                expected=Words("a different id for each of the {what}", "{what} 中每个 id 各不相同").fill(what=what),
                found=Words("{id} again", "重复的 {id}").fill(id=quoted(name)),
                mend=Words("rename one of the two", "请给其中一个改名"),
            )
        first.setdefault(name, path)


def _same_address(data: object) -> Iterator[Finding]:
    first: dict[str, object] = {}
    for path, camera in cameras(data):
        url = camera.get("url")
        if isinstance(url, str) and url in first:
            other = first[url]
            yield Finding(
                path=(*path, "url"),
                expected=Words("a different address for each camera", "每台摄像机地址各不相同"),
                found=Words("the address of camera {id}", "与摄像机 {id} 相同的地址").fill(id=shown(other)),
                mend=Words("correct it, or put all zones under one camera", "请改正，或将区域合并到一台摄像机下"),
                warning=True,
            )
        if isinstance(url, str):
            first.setdefault(url, camera.get("id"))


def _needs(path: Path, section: Section, key: str, other: str) -> Iterator[Finding]:
    if section.get(key) is not None and other not in section:
        yield Finding(
            path=(*path, key),
            expected=Words("{key} together with {other}", "{key} 须与 {other} 同时出现").fill(key=key, other=other),
            found=Words("no {other}", "没有 {other}").fill(other=other),
            mend=Words("add {other}, or delete {key}", "请添加 {other}，或删除 {key}").fill(key=key, other=other),
        )


def _one_model(data: object) -> Iterator[Finding]:
    model = data.get("model") if isinstance(data, dict) else None
    if isinstance(model, dict) and model.get("file") is not None and model.get("id", "auto") != "auto":
        yield Finding(
            path=("model", "file"),
            expected=Words("either id or file", "id 与 file 二选一"),
            found=Words("both", "两者都有"),
            mend=Words("delete one of the two", "请删除其中一个"),
        )


def _way_of_pictures(data: object) -> Iterator[Finding]:
    """`put` needs an address; an address that nothing is put to is a slip."""
    evidence = data.get("evidence") if isinstance(data, dict) else None
    if not isinstance(evidence, dict):
        return
    put, address = evidence.get("send", "mqtt") == "put", evidence.get("put_url")
    if put and address is None:
        yield Finding(
            path=("evidence", "send"),
            expected=Words("put together with put_url", "put 须与 put_url 同时出现"),
            found=Words("no put_url", "没有 put_url"),
            mend=Words("add put_url, or set send: mqtt", "请添加 put_url，或设 send: mqtt"),
        )
    if address is not None and not put:
        yield Finding(
            path=("evidence", "put_url"),
            expected=Words("put_url together with send: put", "put_url 须与 send: put 同时出现"),
            found=Words("nothing that uses it", "没有使用它"),
            mend=Words("set send: put, or delete put_url", "请设 send: put，或删除 put_url"),
            warning=True,
        )
    if isinstance(address, str) and "?" in address:
        yield Finding(
            path=("evidence", "put_url"),
            expected=Words("an address with a signature kept outside the file", "含签名的地址保存在文件之外"),
            found=Words("the address itself", "地址明文"),
            mend=Words(
                "use {{env: NAME}}, {{file: PATH}} or {{credential: NAME}}",
                "请使用 {{env: 变量名}}、{{file: 路径}} 或 {{credential: 名称}}",
            ).fill(),
            warning=True,
        )


def _goods_line(zone: Section, path: Path, outline: list[polygon.Point]) -> Iterator[Finding]:
    rules = zone.get("rules")
    rule = rules.get("stall_encroachment") if isinstance(rules, dict) else None
    line = rule.get("goods_line") if isinstance(rule, dict) else None
    if not isinstance(line, dict):
        return
    points, shop = _points(line.get("points")), _points([line.get("shop")])
    if points and len(points) > 1 and shop and all(0 <= v <= 1 for point in [*points, *shop] for v in point):
        here = (*path, "rules", "stall_encroachment", "goods_line")
        yield from goods_line.faults(tuple(outline), tuple(points), shop[0], here)


def _only_taught(zone: Section, path: Path) -> Iterator[Finding]:
    """Only a bin is asked for what it was taught: on ground, a rule that listens to nothing else never reports."""
    rules = zone.get("rules")
    rule = rules.get("garbage_overflow") if isinstance(rules, dict) else None
    channels = rule.get("channels") if isinstance(rule, dict) else None
    if not isinstance(rule, dict) or not isinstance(channels, list) or rule.get("place", "ground") != "ground":
        return
    if channels and all(channel == "zone_state" for channel in channels):
        yield Finding(
            path=(*path, "rules", "garbage_overflow", "channels"),
            expected=Words(
                "model or scene_change where place is ground", "place 为 ground 时须含 model 或 scene_change"
            ),
            found=Words("only zone_state, which never reports there", "只有 zone_state，永远不会上报"),
            mend=Words("set place: bin, or delete channels", "请设 place: bin，或删除 channels"),
        )


def _points(value: object) -> list[polygon.Point] | None:
    """The outline when all of its points are pairs of numbers, else None."""
    if not isinstance(value, list) or len(value) > _MOST_POINTS:
        return None
    points = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2:
            return None
        if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in point):
            return None
        points.append((float(point[0]), float(point[1])))
    return points


_MOST_POINTS = 100


def _calendar_names(zone: Section, path: Path, data: object) -> Iterator[Finding]:
    calendars = data.get("calendars", {}) if isinstance(data, dict) else {}
    rules = zone.get("rules")
    if not isinstance(calendars, dict) or not isinstance(rules, dict):
        return
    for rule, settings in rules.items():
        name = settings.get("calendar") if isinstance(settings, dict) else None
        if isinstance(name, str) and name not in calendars:
            known = [str(key) for key in calendars]
            listed = ", ".join(quoted(key) for key in known)
            yield Finding(
                path=(*path, "rules", rule, "calendar"),
                expected=(
                    Words("a name from calendars: {known}", "calendars 中的名称：{known}").fill(known=listed)
                    if known
                    else Words("a name from calendars (there are none)", "calendars 中的名称（目前没有）")
                ),
                found=shown(name),
                mend=did_you_mean(name, known, Words("add it under calendars", "请在 calendars 下添加")),
            )
