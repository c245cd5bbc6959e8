"""Texts of the command line in the users' two languages, and which language to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.cli.texts_console import CONSOLE
from agent.cli.texts_discover import DISCOVER
from agent.cli.texts_doctor import DOCTOR
from agent.cli.texts_evaluate import EVALUATE
from agent.cli.texts_init import INIT
from agent.cli.texts_teach import TEACH
from agent.cli.texts_what_if import WHAT_IF
from agent.config import Lang
from agent.core.taxonomy import TAXONOMY
from agent.core.types import Channel

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
    "check.next": (
        "only the file was looked at; data folder, broker and cameras are tried by: cityeye doctor --config {file}",
        "仅检查了配置文件；数据文件夹、服务器与摄像机请用 cityeye doctor --config {file} 检查",
    ),
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
    "camera.choose": (
        "--camera: expected one of {known}, found {found}",
        "--camera：应为 {known} 之一，实际为 {found}",
    ),
    "run.help": (
        "Run the agent in the foreground until SIGTERM or Ctrl-C.",
        "在前台运行代理，直到收到 SIGTERM 或按 Ctrl-C。",
    ),
    "run.log_level": ("How much the log says.", "日志的详细程度。"),
    "run.log_format": ("human: lines for people; json: an object per line.", "human：供人阅读；json：每行一个对象。"),
    "run.log_file": (
        "Log into this file instead of standard error; it begins anew when it is full.",
        "日志写入该文件而非标准错误输出；写满后另起新文件。",
    ),
    "run.log_file_size": ("With --log-file: the largest that a file gets.", "配合 --log-file：单个文件的最大容量。"),
    "run.log_files": ("With --log-file: how many files are kept.", "配合 --log-file：保留的文件个数。"),
    "alive.help": (
        "Tell by the exit code whether the agent of this configuration runs well; for health checks.",
        "用退出码说明该配置的代理是否运行正常，供健康检查使用。",
    ),
    "alive.well": (
        "the agent works; cameras that send pictures: {looking} of {cameras}; broker: {broker}",
        "代理工作正常；有画面的摄像机：{looking}/{cameras}；服务器：{broker}",
    ),
    "alive.connected": ("connected", "已连接"),
    "alive.not_connected": ("not connected", "未连接"),
    "replay.help": (
        "Run a recorded video through a camera's zones: events as JSON lines, then a table. Nothing is sent.",
        "用录像回放一台摄像机的区域规则：逐行输出 JSON 事件，最后给出表格。不发送任何内容。",
    ),
    "replay.video": (
        "The video file, or a file that --record made.",
        "视频文件，或由 --record 生成的文件。",
    ),
    "replay.camera": (
        "Whose zones to use; needed when the file has several cameras.",
        "使用哪台摄像机的区域；配置中有多台时必填。",
    ),
    "replay.start": ("When the video begins, in site time, for calendars.", "视频开始的现场时间，供时间表使用。"),
    "replay.evidence": ("Folder for the pictures; without it none are made.", "取证图片文件夹；不给则不生成。"),
    "replay.record": (
        "Keep what was seen in this file (.jsonl or .jsonl.gz), to decide anew without the video.",
        "将所见内容保存到该文件（.jsonl 或 .jsonl.gz），之后无需视频即可重新判定。",
    ),
    "replay.model": ("model {model} ({runtime}), {because}", "模型 {model}（{runtime}），{because}"),
    "replay.table": ("{count} event(s)", "{count} 个事件"),
    "events.help": (
        "List the incidents this box knows, newest first; also while the agent runs.",
        "列出本机记录的事件，最新在前；代理运行时也可用。",
    ),
    "events.camera": ("Only this camera.", "仅此摄像机。"),
    "events.limit": ("How many at most.", "最多条数。"),
    "events.json": ("Print JSON lines.", "逐行输出 JSON。"),
    "events.never_ran": (
        "no agent has run with this configuration yet: no database at {database}",
        "还没有代理使用该配置运行过：没有数据库 {database}",
    ),
    "events.table": ("{count} incident(s)", "{count} 个事件"),
    "models.help": (
        "The detection models of this box: list, fetch, check, import.",
        "本机的检测模型：列出、下载、校验、导入。",
    ),
    "models.list.help": ("List the models that are known, and which are there.", "列出已知模型及是否已安装。"),
    "models.pull.help": (
        "Fetch a model into the models folder. Goes on where it was interrupted; a file of another hash is never used.",
        "下载模型到模型文件夹。中断后可续传；校验和不符的文件绝不使用。",
    ),
    "models.verify.help": (
        "Check the models that are there by their hashes; exit code 1 when one is wrong.",
        "按校验和检查已安装的模型；有不符时退出码为 1。",
    ),
    "models.import.help": (
        "Check an ONNX file of your own and take it in, so that model.id can name it.",
        "检查自有的 ONNX 文件并收入模型文件夹，之后可用 model.id 指定。",
    ),
    "models.id": ("A model of the list.", "清单中的模型编号。"),
    "models.folder": (
        "The models folder; default: that of --config, else models.",
        "模型文件夹；默认取 --config 中的，否则为 models。",
    ),
    "models.config": ("Take the models folder from this configuration.", "从该配置文件取模型文件夹。"),
    "models.mirror": (
        "Folder or address to fetch from, for sites without a network; default: CITYEYE_MIRROR.",
        "离线时改用的文件夹或地址；默认取环境变量 CITYEYE_MIRROR。",
    ),
    "models.none": (
        "{folder}: the default is absent; cityeye models pull yolox-nano fetches it",
        "{folder}：缺少默认模型；用 cityeye models pull yolox-nano 下载",
    ),
    "models.there": ("{file}: there already, and right", "{file}：已存在且校验正确"),
    "models.pulled": ("{file}: fetched from {source}, hash is right", "{file}：已从 {source} 下载，校验正确"),
    "models.state.absent": ("absent", "未安装"),
    "models.state.there": ("there", "已安装"),
    "models.state.good": ("good", "正确"),
    "models.state.wrong": ("WRONG FILE", "文件不符"),
    "models.import.file": ("The ONNX file.", "ONNX 文件。"),
    "models.import.id": ("Its id; default: made from the file's name.", "模型编号；默认取自文件名。"),
    "models.import.family": (
        "auto, yolox, ultralytics, end-to-end or picodet.",
        "auto、yolox、ultralytics、end-to-end 或 picodet。",
    ),
    "models.import.map": (
        "What a label is to the agent, such as pickup=truck; empty: ignored. May be repeated.",
        "标签对应的类别，例如 pickup=truck；留空表示忽略。可多次给出。",
    ),
    "models.import.map_wrong": (
        "--map: expected LABEL=CLASS, found {found}",
        "--map：应为 标签=类别，实际为 {found}",
    ),
    "models.import.licence": ("Licence of the model, for the list.", "模型许可证，记入清单。"),
    "models.import.done": (
        "{id}: family {family}, input {size}, copied to {file}. Its labels:",
        "{id}：输出类型 {family}，输入 {size}，已复制到 {file}。标签对应：",
    ),
    "models.import.ignored": ("  ignored, {count}: {labels}", "  忽略 {count} 个：{labels}"),
    "models.import.use": ("use it with  model: {{id: {id}}}", "使用方法：  model: {{id: {id}}}"),
    "bench.help": ("Measure what is best on this box.", "测量本机上的最佳选择。"),
    "bench.models.help": (
        "Measure every installed model with every runtime: milliseconds, memory, agreement, accuracy.",
        "用每种运行时测量每个已安装的模型：耗时、内存、结果一致性、精度。",
    ),
    "bench.ids": ("Only these models.", "只测这些模型。"),
    "bench.labelled": (
        "Labelled pictures (YOLO layout: images, labels, data.yaml) for the accuracy; default: the list's figures.",
        "带标注的图片（YOLO 目录：images、labels、data.yaml），用于测精度；默认采用已公布的数字。",
    ),
    "bench.calibrate": (
        "Pictures of the site: try INT8 of the best model; kept only when quicker here and less than 1 point worse.",
        "现场图片：对最佳模型试做 INT8 量化；仅当本机更快且精度损失小于 1 个百分点时保留。",
    ),
    "bench.needs_labelled": (
        "--calibrate: expected --labelled beside it, since INT8 is kept only when its accuracy was measured",
        "--calibrate：须同时给出 --labelled，因为 INT8 只有测过精度才会保留",
    ),
    "bench.limit": ("Longest that one picture may take, one thread.", "单线程处理一张图片允许的最长毫秒数。"),
    "bench.write": ("Let model.id: auto mean the best one on this box.", "让 model.id: auto 在本机使用最佳者。"),
    "bench.best": (
        "best here: {id} with {runtime}; keep it with --write",
        "本机最佳：{id}，运行时 {runtime}；加 --write 保存",
    ),
    "bench.written": (
        "best here: {id} with {runtime}; model.id: auto now means it",
        "本机最佳：{id}，运行时 {runtime}；model.id: auto 将使用它",
    ),
    "bench.int8.kept": ("INT8 of {id}: kept", "{id} 的 INT8：保留"),
    "bench.int8.already": ("INT8 of {id}: not tried, it is INT8 already", "{id} 的 INT8：未尝试，它本身已是 INT8"),
    "bench.int8.taken": (
        "INT8 of {id}: not tried, {id}-int8 is there and was not made by this command; import that one as another id",
        "{id} 的 INT8：未尝试，{id}-int8 已存在且不是本命令生成的；请用其他编号导入它",
    ),
    "bench.int8.dropped": (
        "INT8 of {id}: dropped, not quicker here or more than a point worse",
        "{id} 的 INT8：放弃，本机并不更快或精度损失超过 1 个百分点",
    ),
    "name.unknown": (
        "{what}: expected one of {known}, found {found}",
        "{what}：应为 {known} 之一，实际为 {found}",
    ),
    "column.clean": ("clean", "干净"),
    "column.full": ("full", "满溢"),
    "column.auc": ("AUC", "AUC"),
    "column.balanced": ("balanced", "平衡准确率"),
    "column.margin": ("margin", "间隔"),
    "column.taught": ("taught", "示教时间"),
    "column.in_use": ("in use", "使用中"),
    "column.runtime": ("runtime", "运行时"),
    "column.ms_one": ("ms, 1 thread", "毫秒(单线程)"),
    "column.ms_all": ("ms, all", "毫秒(全部)"),
    "column.memory": ("MiB", "内存MiB"),
    "column.agrees": ("agrees", "一致"),
    "column.model": ("model", "模型"),
    "column.state": ("state", "状态"),
    "column.family": ("family", "类型"),
    "column.input": ("input", "输入"),
    "column.size": ("size", "大小"),
    "column.accuracy": ("mAP50", "mAP50"),
    "column.good_for": ("good for", "适用"),
    "column.at": ("at", "时刻"),
    "column.phase": ("event", "动作"),
    "column.rule": ("rule", "类型"),
    "column.zone": ("zone", "区域"),
    "column.object": ("object", "目标"),
    "column.dwell": ("dwell", "停留"),
    "column.blind": ("blind", "失视"),
    "column.camera": ("camera", "摄像机"),
    "column.opened": ("opened", "上报"),
    "column.closed": ("closed", "结束"),
    "column.reason": ("reason", "原因"),
    "column.sent": ("sent", "送达"),
    "column.incident": ("incident", "事件编号"),
    "phase.opened": ("opened", "上报"),
    "phase.updated": ("updated", "更新"),
    "phase.closed": ("closed", "结束"),
    "phase.open": ("open", "进行中"),
    "dismissals.help": ("Spots that the centre dismissed.", "中心已撤销的位置。"),
    "dismissals.list.help": (
        "List the spots that stay silent because the centre dismissed an incident there.",
        "列出因中心撤销事件而不再上报的位置。",
    ),
    "dismissals.undo.help": ("Let a spot be reported again.", "恢复某个位置的上报。"),
    "dismissals.incident": (
        "Id of the dismissed incident, or its last digits as `list` shows them.",
        "被撤销事件的 id，或 list 显示的末几位。",
    ),
    "dismissals.unknown": (
        "{incident}: expected the id of one dismissed incident, found {count}; see: cityeye dismissals list",
        "{incident}：应为一个已撤销事件的 id，找到 {count} 个；请查看：cityeye dismissals list",
    ),
    "dismissals.undone": ("{incident}: reported again from now on", "{incident}：从现在起恢复上报"),
    "dismissals.table": ("{count} dismissals", "{count} 条撤销"),
    "dismissals.always": ("until undone", "直至恢复"),
    "dismissed.false_report": ("false report", "误报"),
    "dismissed.tolerated": ("tolerated", "允许"),
    "column.dismissed": ("dismissed", "撤销时间"),
    "column.until": ("until", "截止"),
    "column.why": ("why", "原因"),
    "reference.help": ("The clean view that changes are compared with.", "用于比对变化的干净画面。"),
    "reference.reset.help": (
        "What stands there now is normal: incidents about things left standing end, and are not opened again for them.",
        "将现状视为正常：该处“遗留物”类事件结束，且不再因此上报。",
    ),
    "reference.camera": ("Camera id.", "摄像机 id。"),
    "reference.zone": (
        "Zone id; without it the whole picture, and a view that the camera was turned to.",
        "区域 id；省略则为整个画面，并接受摄像机转动后的新视角。",
    ),
    "reference.asked": (
        "{place}: the agent takes over what it sees there within 15 s, or with its first pictures when started next.",
        "{place}：程序将在 15 秒内（或下次启动后的首批画面）以现状为准。",
    ),
    "reason.cleared": ("cleared", "已清除"),
    "reason.replaced": ("replaced", "已更换"),
    "reason.forgotten": ("forgotten", "记录丢失"),
    "reason.permitted": ("permitted", "时段允许"),
    "reason.accepted": ("accepted as normal", "确认为正常"),
    "reason.dismissed": ("dismissed", "已撤销"),
    "reason.rule_removed": ("rule removed", "规则已删除"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "version.help": ("Print the version.", "输出版本号。"),
    **CONSOLE,
    **DISCOVER,
    **DOCTOR,
    **EVALUATE,
    **INIT,
    **TEACH,
    **WHAT_IF,
}


class Texts:
    """The texts in one language: `say("check.good", file=…)`."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang

    def __call__(self, key: str, /, **values: object) -> str:
        """One text, its `{placeholders}` filled. Raises KeyError for a text that does not exist."""
        text = _TEXTS[key][LANGS.index(self.lang)]
        return text.format(**values) if values else text

    def knows(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in _TEXTS

    def rule(self, name: str) -> str:
        """What the taxonomy calls a rule as such."""
        row = TAXONOMY.classify(name, (), Channel.MODEL)
        return row.zh if self.lang == "zh-CN" else row.en


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
