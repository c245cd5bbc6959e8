"""Texts of `cityeye doctor`, as `texts` holds them: what each line is about, what was found, and how to mend it.

A `doctor.mend.…` exists for whatever somebody can do something about.
"""

from __future__ import annotations

from agent.cli.texts_doctor_broker import BROKER
from agent.cli.texts_doctor_camera import CAMERA

DOCTOR: dict[str, tuple[str, str]] = {
    "doctor.help": (
        "Look at everything a box needs on site, and tell how to mend what is wrong; also while the agent runs. "
        "Each camera gets one login at most that could be refused. Exit code 0 only when nothing is wrong.",
        "检查现场设备所需的一切，并说明故障的处理办法；代理运行时也可用。每台摄像机最多尝试一次可能被拒绝的登录。"
        "全部正常时退出码才为 0。",
    ),
    "doctor.config": (
        "The configuration file; without it, only the box itself is looked at.",
        "配置文件；不给则只检查设备本身。",
    ),
    "doctor.camera": ("Only this camera; may be given several times.", "仅此摄像机；可重复给出。"),
    "doctor.pictures": (
        "Folder for one picture of each camera with its zones drawn on it.",
        "保存每台摄像机一张带区域标注图片的文件夹。",
    ),
    "doctor.watch": (
        "How long each stream is watched at most, in seconds; it ends sooner after three keyframes.",
        "每路码流最多观看的秒数；收到三个关键帧即提前结束。",
    ),
    "doctor.mend": (
        "Offer to set the recommended stream settings on cameras that have others; asks for each.",
        "对码流参数不当的摄像机，逐台询问后改为推荐值。",
    ),
    "doctor.yes": ("With --mend: do not ask.", "与 --mend 同用：不再询问。"),
    "doctor.yes_needed": (
        "--mend: expected a terminal to ask on, found none (or --json); add --yes to change the cameras without asking",
        "--mend：需要在终端上询问，当前没有终端（或使用了 --json）；加 --yes 可不经询问直接修改",
    ),
    "doctor.yes_alone": ("--yes: expected together with --mend", "--yes：须与 --mend 同用"),
    "doctor.watch_range": (
        "--watch: expected 2 to 120 seconds, found {found:g}",
        "--watch：应为 2 至 120 秒，实际为 {found:g}",
    ),
    "doctor.config_needed": (
        "expected --config FILE with --camera, --pictures or --mend",
        "使用 --camera、--pictures 或 --mend 时须给出 --config FILE",
    ),
    "doctor.group.box": ("Box", "设备"),
    "doctor.group.broker": ("Broker", "消息服务器"),
    "doctor.group.camera": ("Camera {camera}", "摄像机 {camera}"),
    "doctor.to_mend": ("mend: {mend}", "处理：{mend}"),
    "doctor.detail": ("({detail})", "（{detail}）"),
    "doctor.ask": (
        "Camera {camera}, channel {channel}: change\n  {before}\nto\n  {after}\nThe stream is interrupted for some "
        "seconds. Change it?",
        "摄像机 {camera}，通道 {channel}：将\n  {before}\n改为\n  {after}\n码流会中断数秒。是否修改？",
    ),
    "doctor.ask_main": (
        "Channel {channel} is the main stream: recordings change with it.",
        "通道 {channel} 是主码流：录像会随之改变。",
    ),
    "doctor.left": ("camera {camera}: left as it is", "摄像机 {camera}：未修改"),
    "doctor.sum": ("{bad} wrong, {notes} to note, {good} good", "异常 {bad} 项，提示 {notes} 项，正常 {good} 项"),
    # What a line is about.
    "doctor.check.config": ("configuration", "配置"),
    "doctor.check.model": ("model", "模型"),
    "doctor.check.agent": ("agent", "代理"),
    "doctor.check.folder": ("data folder", "数据文件夹"),
    "doctor.check.key": ("private key", "私钥"),
    "doctor.check.certificate": ("certificate", "本机证书"),
    "doctor.check.disk": ("disk space", "磁盘空间"),
    "doctor.check.medium": ("disk kind", "磁盘类型"),
    "doctor.check.memory": ("memory", "内存"),
    "doctor.check.clock": ("clock", "时钟"),
    "doctor.check.tcp": ("connection", "连接"),
    "doctor.check.tls": ("TLS", "TLS"),
    "doctor.check.login": ("login", "登录"),
    "doctor.check.limit": ("packet limit", "报文上限"),
    "doctor.check.listen": ("listening", "订阅"),
    "doctor.check.publish": ("publishing", "发布"),
    "doctor.check.round": ("round trip", "往返"),
    "doctor.check.reach": ("connection", "连接"),
    "doctor.check.describe": ("stream address", "码流地址"),
    "doctor.check.digest": ("kind of login", "认证方式"),
    "doctor.check.password": ("password", "密码"),
    "doctor.check.stream": ("video", "视频"),
    "doctor.check.gop": ("keyframes", "关键帧"),
    "doctor.check.picture": ("picture", "画面"),
    "doctor.check.isapi": ("web service", "网页服务"),
    "doctor.check.settings": ("stream settings", "码流参数"),
    "doctor.check.channel": ("which stream", "所用码流"),
    "doctor.check.camera_clock": ("its clock", "摄像机时钟"),
    "doctor.check.mend": ("mending", "修改"),
    "doctor.found.skipped": ("not looked at", "未检查"),
    # The box.
    "doctor.found.config_good": ("{file}: good", "{file}：有效"),
    "doctor.found.config_warned": (
        "{place}: expected {expected}, found {found}",
        "{place}：应为{expected}，实际为{found}",
    ),
    "doctor.mend.config_warned": ("{mend}", "{mend}"),
    "doctor.found.config_wrong": (
        "{place}: expected {expected}, found {found}",
        "{place}：应为{expected}，实际为{found}",
    ),
    "doctor.mend.config_wrong": ("{mend}", "{mend}"),
    "doctor.found.model_good": ("{name}, SHA-256 {sha}…", "{name}，SHA-256 {sha}…"),
    "doctor.found.model_missing": ("its file is not there", "缺少模型文件"),
    "doctor.mend.model_missing": (
        "cityeye models pull yolox-nano fetches the usual one; or correct `model` in the configuration",
        "用 cityeye models pull yolox-nano 下载常用模型；或改正配置中的 model",
    ),
    "doctor.found.model_unusable": ("it cannot be used", "无法使用"),
    "doctor.mend.model_unusable": (
        "cityeye models verify tells which files are wrong; fetch that one again, or correct `model`",
        "用 cityeye models verify 查出不符的文件后重新下载；或改正 model",
    ),
    "doctor.found.agent_running": ("running, process {pid}: left alone", "正在运行，进程 {pid}：不受影响"),
    "doctor.found.agent_stopped": ("not running on this data folder", "没有代理在使用该数据文件夹"),
    "doctor.found.folder_good": ("{folder}: can be used", "{folder}：可用"),
    "doctor.found.folder_new": ("{folder}: will be made", "{folder}：将会建立"),
    "doctor.found.folder_closed": ("{folder}: may not be written", "{folder}：无写入权限"),
    "doctor.mend.folder_closed": (
        "run doctor as the agent's user; if it says so then too: chown the folder to that user, or set storage.folder",
        "请以代理的用户运行 doctor；若仍如此，请将文件夹 chown 给该用户，或修改 storage.folder",
    ),
    "doctor.found.database_unusable": ("{folder}: its database cannot be read", "{folder}：无法读取其数据库"),
    "doctor.mend.database_unusable": (
        "run doctor as the agent's user; of an older version: start the agent once; damaged: move cityeye.db away",
        "请以代理的用户运行 doctor；若为旧版本，请先启动一次代理；若已损坏，请移走 cityeye.db",
    ),
    "doctor.found.key_good": ("{file}: nobody else may read it", "{file}：其他用户不可读"),
    "doctor.found.key_open": ("{file}: every user of this box may read it", "{file}：本机所有用户都可读取"),
    "doctor.mend.key_open": ("chmod 600 {file}", "chmod 600 {file}"),
    "doctor.found.key_missing": ("{file}: cannot be looked at", "{file}：无法查看"),
    "doctor.mend.key_missing": (
        "correct mqtt.tls.key_file, or give the agent's user the right to read it",
        "请改正 mqtt.tls.key_file，或授予代理用户读取权限",
    ),
    "doctor.found.certificate_good": (
        "{file}: valid until {until} ({days:.0f} days)",
        "{file}：有效期至 {until}（{days:.0f} 天）",
    ),
    "doctor.found.certificate_soon": (
        "{file}: this box's certificate expires on {until}, in {days:.0f} days",
        "{file}：本机证书将于 {until} 到期，还有 {days:.0f} 天",
    ),
    "doctor.mend.certificate_soon": (
        "have it renewed: the broker refuses this box after that day",
        "请及时更换：到期后服务器将拒绝本机",
    ),
    "doctor.found.certificate_expired": (
        "{file}: this box's certificate has expired on {until}",
        "{file}：本机证书已于 {until} 过期",
    ),
    "doctor.mend.certificate_expired": (
        "put a new one in its place; check this box's date, too",
        "请更换证书；并检查本机日期",
    ),
    "doctor.found.certificate_unreadable": ("{file}: no certificate can be read", "{file}：无法读取证书"),
    "doctor.mend.certificate_unreadable": (
        "set mqtt.tls.cert_file to this box's certificate in PEM, readable for the agent's user",
        "请把 mqtt.tls.cert_file 设为本机的 PEM 证书，并允许代理用户读取",
    ),
    "doctor.found.disk_good": ("{free:.1f} GB free", "剩余 {free:.1f} GB"),
    "doctor.found.disk_tight": (
        "{free:.1f} GB free, pictures and observations may take {quota:.1f} GB: older ones go sooner",
        "剩余 {free:.1f} GB，图片与观测记录的配额共 {quota:.1f} GB：较旧的会提前删除",
    ),
    "doctor.mend.disk_tight": (
        "lower storage.evidence_quota or observations_quota, or free some space",
        "调低 storage.evidence_quota 或 observations_quota，或清理磁盘",
    ),
    "doctor.found.disk_low": (
        "{free:.2f} GB free, {needed:.2f} GB are needed",
        "剩余 {free:.2f} GB，需要 {needed:.2f} GB",
    ),
    "doctor.mend.disk_low": ("free some space, or set another storage.folder", "清理磁盘，或更换 storage.folder"),
    "doctor.found.disk_unknown": ("{folder}: cannot be looked at", "{folder}：无法查看"),
    "doctor.mend.disk_unknown": ("check the disk and its mount", "检查磁盘及其挂载"),
    "doctor.found.medium_good": ("{device}: built in", "{device}：内置磁盘"),
    "doctor.found.medium_card": (
        "{device}: an SD card or eMMC, which wears out",
        "{device}：SD 卡或 eMMC，会因反复写入而损坏",
    ),
    "doctor.mend.medium_card": (
        "put storage.folder on an SSD, or use an industrial card and look after its age",
        "将 storage.folder 放到 SSD 上，或使用工业级存储卡并留意其寿命",
    ),
    "doctor.found.medium_removable": ("{device}: can be pulled out", "{device}：可移动磁盘，可能被拔出"),
    "doctor.mend.medium_removable": ("put storage.folder on a built-in disk", "将 storage.folder 放到内置磁盘上"),
    "doctor.found.medium_memory": (
        "{folder} lies in memory ({device}): a restart loses every event that is not sent",
        "{folder} 位于内存中（{device}）：重启会丢失所有未发送的事件",
    ),
    "doctor.mend.medium_memory": ("put storage.folder on a disk", "将 storage.folder 放到磁盘上"),
    "doctor.found.medium_unknown": ("not known ({device})", "未知（{device}）"),
    "doctor.found.memory_good": (
        "{available:.0f} of {total:.0f} MiB available, {needed:.0f} MiB are needed",
        "可用 {available:.0f} MiB，共 {total:.0f} MiB，需要 {needed:.0f} MiB",
    ),
    "doctor.found.memory_low": (
        "{available:.0f} of {total:.0f} MiB available, {needed:.0f} MiB are needed",
        "可用 {available:.0f} MiB，共 {total:.0f} MiB，需要 {needed:.0f} MiB",
    ),
    "doctor.mend.memory_low": (
        "end other programs, or give this box fewer cameras",
        "结束其他程序，或减少本机的摄像机",
    ),
    "doctor.found.memory_unknown": ("not known", "未知"),
    "doctor.found.clock_good": ("set by the network, within {ms} ms", "已与网络对时，误差 {ms} 毫秒以内"),
    "doctor.found.clock_free": ("nobody sets it", "未对时"),
    "doctor.mend.clock_free": (
        "timedatectl set-ntp true, or chrony with the site's time server; events say that their times are not sure",
        "执行 timedatectl set-ntp true，或用 chrony 连接现场时间服务器；否则事件会注明时间不可靠",
    ),
    "doctor.found.clock_unknown": ("the system does not say whether it is set", "系统未说明是否已对时"),
    **BROKER,
    **CAMERA,
}
