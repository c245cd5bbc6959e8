"""Texts of `cityeye replay --observations`, English and Chinese."""

from __future__ import annotations

WHAT_IF: dict[str, tuple[str, str]] = {
    "replay.observations": (
        "Instead of a video: what a box keeps of the last days. The configuration in force, or the folder.",
        "不用视频，而用设备保存的最近几天的观测：给出当前生效的配置文件，或观测所在文件夹。",
    ),
    "replay.against": (
        "With a folder of observations: the configuration to compare with.",
        "给出观测文件夹时：用来对比的配置文件。",
    ),
    "replay.from": ("Begin of the period, site time; default: all that is kept.", "时段开始（现场时间）；默认：全部。"),
    "replay.to": ("End of the period, site time.", "时段结束（现场时间）。"),
    "replay.json": ("With --observations: print the result as JSON.", "与 --observations 同用：以 JSON 输出结果。"),
    "replay.which": (
        "expected a VIDEO or --observations PATH, and not both",
        "应给出 VIDEO 或 --observations PATH，二者选一",
    ),
    "replay.quick": (
        "With --observations: one look each ten seconds; a day in seconds, but a few incidents may be missed.",
        "与 --observations 合用：每十秒取一帧；一天的数据只需数秒，但个别事件可能漏掉。",
    ),
    "what_if.note.quick": (
        "note: in a hurry, one look each {pace_s} s: times are true to {pace_s} s at best, dwells come out short where "
        "traffic passes in front, and what stood hardly longer than its limit may be missing; a few of these incidents "
        "may come of the hurry alone: run it again without --quick before anything is put in force because of a few",
        "注意：快速试算，每 {pace_s} 秒只取一帧：时间最多精确到 {pace_s} 秒，前方有车经过时停留时长会偏短，"
        "刚超过时限的事件可能漏掉；所列事件中个别可能只是取帧少造成的，"
        "若要凭少数几起决定是否启用，请去掉 --quick 再试一次",
    ),
    "what_if.table": (
        "{since} to {until}, {looks} looks: what the other configuration changes",
        "{since} 至 {until}，{looks} 次观测：换用新配置后的变化",
    ),
    "what_if.gained": ("gained", "新增"),
    "what_if.lost": ("lost", "减少"),
    "what_if.changed": ("changed", "变化"),
    "what_if.differs.opened": ("opening", "上报时间"),
    "what_if.differs.closed": ("end", "结束时间"),
    "what_if.differs.dwell": ("dwell", "停留时长"),
    "what_if.differs.severity": ("severity", "严重程度"),
    "what_if.same": ("unchanged: {same}", "不变：{same}"),
    "what_if.before": (
        "in force: {incidents} incident(s); confirmed {confirmed}, false {false}, tolerated {tolerated}, "
        "not judged {unknown}; precision {precision}",
        "当前配置：事件 {incidents} 起；确认 {confirmed}，误报 {false}，允许存在 {tolerated}，"
        "未研判 {unknown}；准确率 {precision}",
    ),
    "what_if.after": (
        "the other: {incidents} incident(s); confirmed {confirmed}, false {false}, tolerated {tolerated}, "
        "not judged {unknown}; precision {precision}",
        "新配置：事件 {incidents} 起；确认 {confirmed}，误报 {false}，允许存在 {tolerated}，"
        "未研判 {unknown}；准确率 {precision}",
    ),
    "column.what": ("what", "变化"),
    "column.place": ("place", "地点"),
    "column.severity": ("severity", "严重程度"),
    "column.verdict": ("judged", "研判"),
    "what_if.verdict.confirmed": ("confirmed", "确认"),
    "what_if.verdict.false": ("false", "误报"),
    "what_if.verdict.tolerated": ("tolerated", "允许存在"),
    "what_if.verdict.unknown": ("-", "-"),
    "what_if.note.few_judged": (
        "note: only {judged} incident(s) were judged by people; below {few} a precision says little",
        "注意：人工只研判了 {judged} 起；少于 {few} 起时准确率参考意义不大",
    ),
    "what_if.note.channel": (
        "note: {camera}: {channel} was not asked for, so nothing of it is kept; what it would have found is missing",
        "注意：{camera}：当时未启用 {channel}，没有相应观测，其可能发现的事件未计入",
    ),
    "what_if.note.outlines": (
        "note: {camera}: outlines differ; outside the old zones things are known to {recheck_s} s only",
        "注意：{camera}：区域形状不同；旧区域之外的目标只精确到 {recheck_s} 秒",
    ),
    "what_if.note.model": (
        "note: {camera}: another model would have seen other things; kept is what the model of those days saw",
        "注意：{camera}：模型不同，所见也会不同；此处仍按当时模型的观测计算",
    ),
    "what_if.note.sampling": (
        "note: {camera}: sample_every differs; kept are the looks of those days",
        "注意：{camera}：采样间隔不同；此处仍按当时的采样计算",
    ),
}
