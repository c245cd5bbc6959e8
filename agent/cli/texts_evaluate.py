"""Texts of `cityeye evaluate`, as `texts` holds them."""

from __future__ import annotations

EVALUATE: dict[str, tuple[str, str]] = {
    "evaluate.help": (
        "Score the agent on clips whose truth is known: precision, recall, errors in seconds, false reports.",
        "在真值已知的片段上给代理评分：精确率、召回率、时间误差、误报。",
    ),
    "evaluate.set": ("The file of clips and their truth.", "片段及其真值的文件。"),
    "evaluate.data": (
        "Folder that the set's relative paths start from; default: the set's own.",
        "评测集中相对路径的起始文件夹；默认为评测集所在文件夹。",
    ),
    "evaluate.json": ("Write everything that was counted to this file.", "将全部计数写入该文件。"),
    "evaluate.timeline": (
        "Folder for one picture per clip: truth against reports.",
        "每个片段一张时间线图的文件夹：真值与上报对照。",
    ),
    "evaluate.f1": ("Exit code 1 when F1 over all is lower.", "总 F1 低于该值时退出码为 1。"),
    "evaluate.false": ("Exit code 1 when there are more false reports.", "误报多于该数时退出码为 1。"),
    "evaluate.table": (
        "Reports against truth",
        "上报与真值对照",
    ),
    "evaluate.total": ("all", "总计"),
    "evaluate.unscored": ("{clip}: not scored, it could not be read", "{clip}：无法读取，未评分"),
    "evaluate.missed": (
        "{clip}: {thing} in {zone}, due at {at} s: not reported",
        "{clip}：{zone} 中的 {thing}，应于 {at} 秒上报：漏报",
    ),
    "evaluate.broken": (
        "{clip}: {thing} in {zone}, due at {at} s: identity broken {count} time(s)",
        "{clip}：{zone} 中的 {thing}，应于 {at} 秒上报：身份中断 {count} 次",
    ),
    "evaluate.late": (
        "{clip}: {thing} in {zone}, due at {at} s: opened {error} s off",
        "{clip}：{zone} 中的 {thing}，应于 {at} 秒上报：偏差 {error} 秒",
    ),
    "evaluate.wrong": (
        "{clip}: {thing} in {zone} at {at} s: false report",
        "{clip}：{zone} 中的 {thing}，{at} 秒：误报",
    ),
    "evaluate.below_f1": ("F1: expected at least {bar}, found {found}", "F1：应不低于 {bar}，实际为 {found}"),
    "evaluate.above_false": (
        "false reports: expected at most {bar}, found {found}",
        "误报：应不多于 {bar}，实际为 {found}",
    ),
    "evaluate.figure": ("figure", "指标"),
    "evaluate.row.due": ("violations to report", "应上报违规"),
    "evaluate.row.found": ("reported", "已上报"),
    "evaluate.row.false": ("false reports", "误报"),
    "evaluate.row.doubles": ("double reports", "重复上报"),
    "evaluate.row.breaks": ("breaks of identity", "身份中断"),
    "evaluate.row.late": ("opened too late or early", "上报过晚或过早"),
    "evaluate.row.precision": ("precision", "精确率"),
    "evaluate.row.recall": ("recall", "召回率"),
    "evaluate.row.f_score": ("F1", "F1"),
    "evaluate.row.onset": ("opening off by, s: mean (worst)", "上报误差（秒）：平均（最大）"),
    "evaluate.row.closing": ("closing off by, s: mean (worst)", "结束误差（秒）：平均（最大）"),
    "evaluate.row.per_day": ("false per camera-day", "每机每日误报"),
    "evaluate.row.watched": ("watched, s", "观看时长（秒）"),
}
