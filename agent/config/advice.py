"""What a usable configuration still makes one wonder about. Warnings; none keeps the agent from running."""

from __future__ import annotations

from collections.abc import Iterator

from agent.config.models import CameraConfig, Config
from agent.config.words import Finding, Path, Words, path_text, same
from agent.core.quantities import format_duration


def advice(config: Config) -> Iterator[Finding]:
    """Every warning about a checked configuration."""
    if not config.model.file.is_file():
        yield _missing_file(("model", "file"), str(config.model.file))
    if not config.cameras:
        yield _warning(
            ("cameras",),
            Words("at least one camera", "至少一台摄像机"),
            Words("none", "没有"),
            Words("add one: configs/minimal.yaml shows how", "请添加，示例见 configs/minimal.yaml"),
        )
    for i, camera in enumerate(config.cameras):
        yield from _about_camera(("cameras", i), camera, config)


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
