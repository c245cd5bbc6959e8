"""What a usable configuration still makes one wonder about. Warnings; none keeps the agent from running."""

from __future__ import annotations

import importlib.util
import ipaddress
from collections.abc import Iterator
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from agent.config.catalogue import DEFAULT_ID, Catalogue, choose, read_catalogue, read_choice
from agent.config.kinds import did_you_mean, is_this_machine
from agent.config.listen import about_listen, split_listen
from agent.config.models import Config
from agent.config.sections.box import EvidenceConfig
from agent.config.sections.cameras import CameraConfig
from agent.config.sections.console import USERS_FILE, ConsoleConfig
from agent.config.sections.model import ModelConfig
from agent.config.words import Finding, Path, Words, path_text, same, shown
from agent.core.errors import ModelError
from agent.core.quantities import format_duration


def advice(config: Config) -> Iterator[Finding]:
    """Every warning about a checked configuration."""
    yield from _about_model(config.model)
    yield from about_listen(("metrics", "listen"), config.metrics.listen)
    yield from _about_console(config.console, config.storage.folder)
    yield from _about_evidence(config.evidence)
    if not config.cameras:
        yield _warning(
            ("cameras",),
            Words("at least one camera", "至少一台摄像机"),
            Words("none", "没有"),
            Words("add one: configs/minimal.yaml shows how", "请添加，示例见 configs/minimal.yaml"),
        )
    for i, camera in enumerate(config.cameras):
        yield from _about_camera(("cameras", i), camera, config)


def _about_console(console: ConsoleConfig, folder: FilePath) -> Iterator[Finding]:
    """Passwords and pictures that others in the network could read along; and a page that lets nobody in."""
    place = split_listen(console.listen)
    if place is None or ipaddress.ip_address(place[0]).is_loopback:
        return
    if console.tls is None:
        yield _warning(
            ("console", "tls"),
            Words("a certificate, where others reach the console", "其他设备可访问控制台时应配置证书"),
            Words("none: passwords and pictures can be read along", "没有：密码和画面可能被窃听"),
            Words("add tls: {cert_file: …, key_file: …}, or listen at 127.0.0.1", "请添加 tls，或只监听 127.0.0.1"),
        )
    if _has_nobody(folder / USERS_FILE):
        yield _warning(
            ("console", "listen"),
            Words(
                "somebody with a password, where others reach the console", "其他设备可访问控制台时应有设置了密码的用户"
            ),
            Words("nobody: the console answers nobody", "没有用户：控制台不会响应任何人"),
            same("cityeye console add NAME --role operator --config FILE"),
        )


def _has_nobody(users: FilePath) -> bool:
    """Whether it is known that nobody has a password; the file is the agent's, and whoever checks may not read it."""
    try:
        return users.read_bytes().split() == [b"{}"]
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _about_evidence(evidence: EvidenceConfig) -> Iterator[Finding]:
    """Whoever is in between sees the pictures, and the signature that lets him put others."""
    address = urlsplit(evidence.put_url.get_secret_value()) if evidence.put_url else None
    if address and address.scheme == "http" and not is_this_machine(address.hostname):
        yield _warning(
            ("evidence", "put_url"),
            Words("an https:// address", "https:// 地址"),
            Words("http://: everybody in between can read along", "http://：途中任何人都可读取"),
            Words("use the store's https:// address", "请使用对象存储的 https:// 地址"),
        )


def _about_model(model: ModelConfig) -> Iterator[Finding]:
    if model.file is not None:
        if not model.file.is_file():
            yield _missing_file(("model", "file"), str(model.file))
        return
    try:
        catalogue = read_catalogue(model.folder)
        read_choice(model.folder)
    except ModelError as error:
        yield _warning(
            ("model", "folder"),
            Words("lists of models that can be read", "可读取的模型清单"),
            same(str(error)),
            Words("correct that file, or delete it", "请改正该文件，或将其删除"),
        )
        return
    if model.id != "auto" and model.id not in catalogue.entries:
        listed = same("cityeye models list")
        yield _warning(
            ("model", "id"),
            Words("a model that is known", "已知的模型"),
            shown(model.id),
            did_you_mean(model.id, list(catalogue.entries), listed),
        )
        return
    try:
        chosen = choose(model)
    except ModelError as error:
        wanted = DEFAULT_ID if model.id == "auto" else model.id
        entry = catalogue.entries[wanted]
        if entry.purpose != "detector":
            mend = Words("choose a detector of cityeye models list", "请从 cityeye models list 中选择检测模型")
        elif entry.url:
            mend = same(f"cityeye models pull {wanted} --folder {path_text(model.folder)}")
        else:
            mend = same(f"cityeye models import FILE --id {wanted} --folder {path_text(model.folder)}")
        yield _warning(
            ("model", "id"),
            Words("a detector that is there when the agent starts", "启动时已安装的检测模型"),
            _absence(catalogue, wanted, error),
            mend,
        )
        return
    if importlib.util.find_spec(chosen.runtime) is None:
        yield _warning(
            ("model", "runtime"),
            Words("a runtime that is installed", "已安装的推理引擎"),
            shown(chosen.runtime),
            Words("install the extra {runtime}", "请安装可选依赖 {runtime}").fill(runtime=chosen.runtime),
        )


def _absence(catalogue: Catalogue, wanted: str, error: ModelError) -> Words:
    entry = catalogue.entries[wanted]
    if catalogue.installed(entry):
        return same(str(error))
    return Words("no file {file}", "没有文件 {file}").fill(file=path_text(catalogue.path(entry)))


def _about_camera(path: Path, camera: CameraConfig, config: Config) -> Iterator[Finding]:
    if camera.video_file is not None and not camera.video_file.is_file():
        yield _missing_file((*path, "url"), str(camera.video_file))
    if not camera.zones:
        yield _warning(
            (*path, "zones"),
            Words("at least one zone", "至少一个区域"),
            Words("none: nothing will be reported", "没有：不会上报任何事件"),
            Words("draw a zone", "请画出区域"),
        )
    for j, zone in enumerate(camera.zones):
        here = (*path, "zones", j, "rules")
        rules = list(zone.rules.items())
        if not rules:
            yield _warning(
                here,
                Words("at least one rule", "至少一条规则"),
                Words("none: nothing will be reported", "没有：不会上报任何事件"),
                same("rules: {illegal_parking: {}}"),
            )
        for name, settings in rules:
            if settings.min_score < config.model.min_score:
                yield _warning(
                    (*here, name, "min_score"),
                    Words("at least model.min_score, {n:g}", "不小于 model.min_score，即 {n:g}").fill(
                        n=config.model.min_score
                    ),
                    same(f"{settings.min_score:g}"),
                    Words(
                        "the detector drops what lies below: lower model.min_score",
                        "更低的已被检测器丢弃：请调低 model.min_score",
                    ),
                )
            if settings.dwell < 2 * camera.sample_every:
                yield _warning(
                    (*here, name, "dwell"),
                    Words("at least twice sample_every, {d}", "至少为 sample_every 的两倍，即 {d}").fill(
                        d=format_duration(2 * camera.sample_every)
                    ),
                    same(format_duration(settings.dwell)),
                    Words("one picture proves no stay: lengthen dwell", "单张画面不能证明停留：请加长 dwell"),
                )


def _missing_file(path: Path, file: str) -> Finding:
    return _warning(
        path,
        Words("a file that exists when the agent starts", "启动时存在的文件"),
        Words("no file {file}", "没有文件 {file}").fill(file=path_text(file)),
        Words("correct the path, or put the file there", "请改正路径，或放入该文件"),
    )


def _warning(path: Path, expected: Words, found: Words, mend: Words) -> Finding:
    return Finding(path=path, expected=expected, found=found, mend=mend, warning=True)
