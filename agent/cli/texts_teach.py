"""Texts of `cityeye teach`, as `texts` holds them."""

from __future__ import annotations

TEACH: dict[str, tuple[str, str]] = {
    "teach.help": (
        "Show the agent pictures of a zone, clean and overflowing, so that it tells them apart from then on.",
        "用干净与满溢的图片示教一个区域，此后代理即可区分两者。",
    ),
    "teach.camera": ("Id of the camera.", "摄像机编号。"),
    "teach.zone": ("Id of its zone.", "区域编号。"),
    "teach.clean": (
        "Pictures of the clean zone: files or folders, in the order in which they were taken.",
        "区域干净时的图片：文件或文件夹，按拍摄先后排列。",
    ),
    "teach.full": ("Pictures of the overflowing zone.", "区域满溢时的图片。"),
    "teach.dry_run": ("Only show the figures; keep nothing.", "只显示结果，不保存。"),
    "teach.list": ("List what was taught.", "列出已示教的区域。"),
    "teach.forget": ("Drop what this zone was taught.", "删除该区域的示教结果。"),
    "teach.usage": (
        "expected CAMERA ZONE --clean FILES --full FILES, or CAMERA ZONE --forget, or --list",
        "应为 CAMERA ZONE --clean FILES --full FILES，或 CAMERA ZONE --forget，或 --list",
    ),
    "teach.forget_what": (
        "expected CAMERA ZONE --forget, found {found}; taught so far: {known}",
        "应为 CAMERA ZONE --forget，实际为 {found}；已示教：{known}",
    ),
    "teach.unasked": (
        "{camera} {zone}: expected a zone whose garbage_overflow rule asks for what it was taught (place: bin, and "
        "zone_state among its channels), found {found}; change it in the configuration and teach then",
        "{camera} {zone}：示教须用于 garbage_overflow 规则采用示教结果的区域（place: bin，且 channels 含 zone_state），"
        "实际为 {found}；请先修改配置再示教",
    ),
    "teach.unasked.rule": ("no such rule", "没有该规则"),
    "teach.repeated": ("{file}: the same file was given before, left out", "{file}：与前面的文件相同，未使用"),
    "teach.wrong_clean": (
        "{file}: given as clean, looks full when it is left out of the lesson",
        "{file}：标为干净，但留出检验时判为满溢",
    ),
    "teach.wrong_full": (
        "{file}: given as full, looks clean when it is left out of the lesson",
        "{file}：标为满溢，但留出检验时判为干净",
    ),
    "teach.saved": (
        "{camera} {zone}: taught; a running agent uses it within seconds",
        "{camera} {zone}：示教完成；运行中的代理数秒内即会采用",
    ),
    "teach.would": ("{camera} {zone}: good enough; nothing was kept", "{camera} {zone}：效果合格；未保存"),
    "teach.refused.too_few": (
        "{camera} {zone}: not taught: expected at least {least} different pictures of each kind, found {clean} clean "
        "and {full} full; add pictures of other hours and weather",
        "{camera} {zone}：未示教：每类至少需要 {least} 张不同的图片，实际干净 {clean} 张、满溢 {full} 张；"
        "请补充其他时段和天气的图片",
    ),
    "teach.refused.shared": (
        "{camera} {zone}: not taught: expected each picture on one side only, found on both: {files}",
        "{camera} {zone}：未示教：每张图片只能属于一类，以下图片两类都有：{files}",
    ),
    "teach.refused.identical": (
        "{camera} {zone}: not taught: expected pictures that differ in the zone, found it the same in all of them; "
        "check the zone's outline and the pictures",
        "{camera} {zone}：未示教：各图片中该区域完全相同；请检查区域范围和图片",
    ),
    "teach.refused.not_separate": (
        "{camera} {zone}: not taught: expected AUC from {needed} and balanced accuracy from {least_balanced}, found "
        "{auc} and {balanced}: it would report falsely. Look at the pictures named above, draw the zone closer around "
        "the bin, or add pictures",
        "{camera} {zone}：未示教：AUC 须达 {needed}、平衡准确率须达 {least_balanced}，实际为 {auc} 和 {balanced}，"
        "会产生误报。请查看上面列出的图片，把区域画得更贴近垃圾桶，或补充图片",
    ),
    "teach.none": ("nothing was taught yet", "尚未示教任何区域"),
    "teach.again": ("teach again", "须重新示教"),
    "teach.forgotten": ("{camera} {zone}: forgotten", "{camera} {zone}：已删除"),
    "teach.not_taught": ("{camera} {zone}: was not taught anything", "{camera} {zone}：没有示教结果"),
}
