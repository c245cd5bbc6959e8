"""Texts of `cityeye init`, as `texts` holds them."""

from __future__ import annotations

INIT: dict[str, tuple[str, str]] = {
    "init.help": (
        "Set up a box: ask for what it needs, write a commented configuration, run doctor. Options answer questions "
        "beforehand; without a terminal, or with --yes, nothing is asked. Exit code 0: written and well; 1, 2: not "
        "written; 3: written, but something is to be mended; 130: ended with Ctrl-C, not written.",
        "初次配置一台设备：询问所需内容，写出带注释的配置文件，并运行 doctor。选项可预先回答问题；"
        "没有终端或加 --yes 时不提问。"
        "退出码 0：已写入且正常；1、2：未写入；3：已写入，但有问题待处理；130：按 Ctrl-C 中止，未写入。",
    ),
    "init.file": (
        "The file to write; what it names lies beside it: secrets/, models/, data/.",
        "要写入的文件；其所用内容位于其旁：secrets/、models/、data/。",
    ),
    "init.box_id": (
        "Name of this box; default: the machine's. A part of every topic, unique within the tenant.",
        "本设备的编号；默认取本机名。是每个主题的一部分，在租户内唯一。",
    ),
    "init.tenant": (
        "Whose box it is, such as the district: a part of every topic.",
        "所属租户，例如区名：是每个主题的一部分。",
    ),
    "init.time_zone": ("Time zone of the site; default: the machine's.", "现场时区；默认取本机的。"),
    "init.location": (
        "Where the box stands, in degrees; gcj02 for coordinates of Chinese maps, else GPS.",
        "设备所在位置，单位为度；国内地图的坐标请加 gcj02，否则为 GPS。",
    ),
    "init.broker": (
        "Broker for the events. TLS is meant, unless it says mqtt:// or port 1883.",
        "接收事件的服务器。默认使用 TLS，写 mqtt:// 或端口 1883 则不用。",
    ),
    "init.broker_ca": (
        "With TLS: authorities to trust, PEM; default: the system's.",
        "启用 TLS 时信任的 CA，PEM；默认取系统的。",
    ),
    "init.broker_cert": ("With TLS: certificate of this box, PEM.", "启用 TLS 时本设备的证书，PEM。"),
    "init.broker_key": (
        "With TLS: its private key, where it is not in the same file.",
        "启用 TLS 时的私钥，若不在同一文件中。",
    ),
    "init.broker_user": ("Login at the broker.", "登录服务器的用户名。"),
    "init.password_option": (
        "Where its password is: env:NAME, file:PATH or credential:NAME.",
        "密码所在：env:变量名、file:路径 或 credential:名称。",
    ),
    "init.password_from": (
        "expected where the password is: env:NAME, file:PATH or credential:NAME; never the password itself, which "
        "others could read in the list of processes",
        "应写明密码所在：env:变量名、file:路径 或 credential:名称；不可直接写密码，否则他人可在进程列表中看到",
    ),
    "init.camera": (
        "A camera: an id or a name, and its RTSP address without a login; may be given several times. None is looked "
        "for then, unless with --range.",
        "一台摄像机：编号或名称，及不含登录信息的 RTSP 地址；可重复给出。给出后不再查找，除非另有 --range。",
    ),
    "init.cameras_from": (
        "Cameras of a file: lines of NAME=URL, or what cityeye discover --json printed.",
        "从文件读取摄像机：每行一个 名称=地址，或 cityeye discover --json 的输出。",
    ),
    "init.camera_user": ("Login at the cameras.", "登录摄像机的用户名。"),
    "init.discover": (
        "Look for cameras on the network, without trying any password.",
        "在网络上查找摄像机，不会尝试任何密码。",
    ),
    "init.model": (
        "The detector: an id of cityeye models list, or an ONNX file, which is taken into models/.",
        "检测模型：cityeye models list 中的编号，或 ONNX 文件（将收入 models/）。",
    ),
    "init.pull": ("Fetch the detector when it is not there yet.", "缺少检测模型时下载。"),
    "init.doctor": ("Run doctor at the end.", "最后运行 doctor。"),
    "init.force": ("Replace the file; the old one is kept beside it.", "替换已有文件；旧文件保留在其旁。"),
    "init.yes": ("Ask nothing; take defaults for what no option says.", "不提问；未给出的选项取默认值。"),
    "init.exists": (
        "{file}: expected no file yet, found one; name another, or replace it with --force (the old one is kept)",
        "{file}：应尚不存在，实际已有；请另取文件名，或用 --force 替换（会保留旧文件）",
    ),
    "init.unwritable": (
        "{file}: expected a folder that may be entered and written to, found none; choose another, "
        "or run it as the agent's user",
        "{file}：应为可进入且可写入的文件夹，实际不是；请另选，或以代理的用户运行",
    ),
    "init.missing": (
        "nobody can be asked here (no terminal, or --yes): expected {flags} as well",
        "此处无法提问（没有终端，或给出了 --yes）：还需 {flags}",
    ),
    "init.welcome": (
        "Sets up {file}. Enter takes what stands in [brackets]. Ctrl-C ends it at any time, and nothing is written.",
        "将配置 {file}。按回车采用 [方括号] 中的内容。随时可按 Ctrl-C 中止，不会写入任何内容。",
    ),
    "init.ask.box_id": ("Id of this box", "本设备的编号"),
    "init.ask.tenant": ("Tenant, such as the district", "所属租户，例如区名"),
    "init.ask.location": (
        "Where it stands, as LON,LAT, or LON,LAT,gcj02 of a Chinese map (Enter: leave out)",
        "所在位置，写作 经度,纬度；取自国内地图的写作 经度,纬度,gcj02（回车：不填）",
    ),
    "init.ask.broker": (
        "Broker, as HOST or HOST:PORT, in TLS; mqtt://HOST without",
        "服务器，写作 主机 或 主机:端口，使用 TLS；不用则写 mqtt://主机",
    ),
    "init.ask.broker_ca": ("File of its CA, PEM (Enter: the system's)", "其 CA 文件，PEM（回车：取系统的）"),
    "init.ask.broker_cert": ("Certificate of this box, PEM (Enter: none)", "本设备的证书，PEM（回车：无）"),
    "init.ask.broker_key": ("Its private key, PEM (Enter: in the same file)", "其私钥，PEM（回车：在同一文件中）"),
    "init.ask.broker_user": ("User at the broker (Enter: none)", "服务器用户名（回车：无）"),
    "init.ask.broker_password": ("Password of {user} at the broker, not shown", "{user} 在服务器上的密码（不显示）"),
    "init.ask.range": (
        "Addresses to ask one by one, such as 192.168.1.0/24 (Enter: none)",
        "逐一询问的地址，例如 192.168.1.0/24（回车：不询问）",
    ),
    "init.ask.picks": (
        "Which of them: numbers such as 1 3, all, or none; 2:1-4 takes channels 1 to 4 of a recorder",
        "选用哪些：写编号如 1 3，或 all（全部）、none（无）；2:1-4 表示录像机的通道 1 至 4",
    ),
    "init.ask.channels": (
        "{address} ({model}) is a recorder: which channels, such as 1-4,7",
        "{address}（{model}）是录像机：选用哪些通道，例如 1-4,7",
    ),
    "init.ask.camera_name": ("Id or name of {url}", "{url} 的编号或名称"),
    "init.ask.camera": (
        "A further camera, as NAME=rtsp://… (Enter: no more)",
        "再加一台摄像机，写作 名称=rtsp://…（回车：不再添加）",
    ),
    "init.ask.same_login": ("Do all {count} devices have the same login?", "这 {count} 台设备的登录信息是否相同？"),
    "init.ask.camera_user": ("User at the cameras (-: no login)", "摄像机用户名（-：无需登录）"),
    "init.ask.camera_user_at": ("User at {host} (-: no login)", "{host} 的用户名（-：无需登录）"),
    "init.ask.camera_password": ("Password of {user} at the cameras, not shown", "{user} 在摄像机上的密码（不显示）"),
    "init.ask.model": (
        "Fetch the detector {id} ({size} MB)? y, n, or the path of an ONNX file",
        "是否下载检测模型 {id}（{size} MB）？y、n，或 ONNX 文件的路径",
    ),
    "init.ask.write": ("Write {file}?", "写入 {file}？"),
    "init.looking": (
        "looking for cameras: {seconds:g} s by ONVIF, {count} addresses one by one; no password is tried …",
        "正在查找摄像机：ONVIF {seconds:g} 秒，逐一询问 {count} 个地址；不尝试任何密码……",
    ),
    "init.one_channel": (
        "{address} ({model}) is a recorder: its first channel was taken; name others with --camera",
        "{address}（{model}）是录像机：已选用其第一个通道；其他通道请用 --camera 给出",
    ),
    "init.yes_or_no": ("  expected y or n", "  应为 y 或 n"),
    "init.not_utf8": (
        "  expected UTF-8 text; set the terminal to UTF-8, or write it later into the file",
        "  应为 UTF-8 文本；请将终端设为 UTF-8，或稍后写入文件",
    ),
    "init.password_empty": ("  expected a password, found nothing", "  应为密码，实际为空"),
    "init.user_needed": ("expected together with --camera-user", "须与 --camera-user 同用"),
    "init.picks_wrong": (
        "  expected all, none, or numbers from 1 to {count} with spaces between; channels as in 2:1-4,7",
        "  应为 all、none，或以空格分隔的 1 至 {count}；通道写作 2:1-4,7",
    ),
    "init.channels_wrong": ("  expected channels from 1 on, such as 1-4,7", "  应为从 1 起的通道号，例如 1-4,7"),
    "init.channels_unknown": (
        "  {address}: the addresses of this maker's channels are not known here; take none of them, and name each "
        "camera by its address below",
        "  {address}：不清楚该厂商各通道的地址；请勿选通道，稍后逐台给出地址",
    ),
    "init.cameras_from_wrong": (
        "{file}: expected lines of NAME=URL, or what cityeye discover --json prints, found: {found}",
        "{file}：应为每行一个 名称=地址，或 cityeye discover --json 的输出，实际：{found}",
    ),
    "init.no_detector": (
        "--model {id}: expected a detector, found a model for something else; see: cityeye models list",
        "--model {id}：应为检测模型，实际用于其他用途；请查看：cityeye models list",
    ),
    "init.model_left": (
        "{id} is not fetched; until it is in {folder}, the model that comes with the agent is used",
        "未下载 {id}；在将其放入 {folder} 之前，使用随程序附带的模型",
    ),
    "init.model_failed": (
        "{id} could not be fetched. Everything else goes on; later: cityeye models pull {id} --folder {folder}",
        "未能下载 {id}。其余不受影响；稍后可运行：cityeye models pull {id} --folder {folder}",
    ),
    "init.ended": ("ended; {file} was not written", "已中止；未写入 {file}"),
    "init.cannot_hide": (
        "expected a terminal that can hide a password, found none; {file} was not written. Use --camera-password-from "
        "and --broker-password-from",
        "终端无法隐藏密码；未写入 {file}。请使用 --camera-password-from 与 --broker-password-from",
    ),
    "init.backup": ("the old file is kept: {file}", "旧文件已保留：{file}"),
    "init.secret": ("password written, readable for its owner only: {file}", "密码已写入，仅其所有者可读：{file}"),
    "init.written": ("written: {file}", "已写入：{file}"),
    "init.next.doctor": ("next: cityeye doctor --config {file}", "下一步：cityeye doctor --config {file}"),
    "init.next.mend": (
        "next: mend what is marked ✗, then: cityeye doctor --config {file}",
        "下一步：处理标有 ✗ 的各项，然后运行：cityeye doctor --config {file}",
    ),
    "init.next.cameras": (
        "next: add cameras to {file} (cityeye discover --yaml prints the lines), then: cityeye doctor --config {file}",
        "下一步：在 {file} 中添加摄像机（cityeye discover --yaml 会输出内容），"
        "然后运行：cityeye doctor --config {file}",
    ),
    "init.next.zones": (
        "next: take pictures, draw zones into {file} as it says there, then run it:\n"
        "  cityeye doctor --config {file} --pictures look\n"
        "  cityeye run --config {file}",
        "下一步：拍照，按 {file} 中的说明画出区域，然后运行：\n"
        "  cityeye doctor --config {file} --pictures look\n"
        "  cityeye run --config {file}",
    ),
}
