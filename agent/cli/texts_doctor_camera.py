"""Texts of `cityeye doctor` about a camera, as `texts_doctor` holds them.

Menu paths are those of Hikvision's web page, in its words.
"""

from __future__ import annotations

CAMERA: dict[str, tuple[str, str]] = {
    "doctor.found.camera_file": ("{file} plays its part", "以视频文件 {file} 代替"),
    "doctor.found.camera_reached": ("{host}:{port}, {ms:.0f} ms", "{host}:{port}，{ms:.0f} 毫秒"),
    "doctor.found.camera_away": ("{host}:{port}: no connection", "{host}:{port}：无法连接"),
    "doctor.mend.camera_away": (
        "check its power, cable and address, that RTSP is on, and that this is its RTSP port",
        "检查电源、网线与地址，RTSP 是否启用，以及端口是否为其 RTSP 端口",
    ),
    "doctor.found.describe_good": ("{path}", "{path}"),
    "doctor.found.describe_path": ("the camera has no stream {path}", "摄像机没有码流 {path}"),
    "doctor.mend.describe_path": (
        "Hikvision's are /Streaming/Channels/101 (main) and /Streaming/Channels/102 (sub), capitals as shown",
        "海康为 /Streaming/Channels/101（主码流）与 /Streaming/Channels/102（子码流），注意大小写",
    ),
    "doctor.found.describe_forbidden": ("the camera forbids this box", "摄像机禁止本机访问"),
    "doctor.mend.describe_forbidden": ("check its IP address filter", "检查摄像机的 IP 地址过滤"),
    "doctor.found.describe_busy": ("the camera is busy (status {status})", "摄像机繁忙（状态 {status}）"),
    "doctor.mend.describe_busy": (
        "close other viewers of this camera, or wait until it has started",
        "关闭该摄像机的其他观看者，或等待其启动完毕",
    ),
    "doctor.found.describe_odd": ("no RTSP camera answers there", "该地址没有 RTSP 摄像机应答"),
    "doctor.mend.describe_odd": (
        "check the port: RTSP is usually 554, 80 is the camera's web page and 8000 its device port",
        "检查端口：RTSP 一般为 554，80 为网页，8000 为设备端口",
    ),
    "doctor.found.digest_good": ("digest, {algorithm}", "摘要认证，{algorithm}"),
    "doctor.found.digest_basic": ("basic: the password goes over the network as it is", "basic：密码明文传输"),
    "doctor.mend.digest_basic": (
        "set Configuration > System > Security > Authentication > RTSP Authentication to digest",
        "将 配置 > 系统 > 安全管理 > 认证方式 > RTSP 认证 设为 digest",
    ),
    "doctor.found.digest_open": ("none: the camera shows its video to everybody", "无：任何人都可观看该摄像机"),
    "doctor.mend.digest_open": (
        "set Configuration > System > Security > Authentication > RTSP Authentication to digest",
        "将 配置 > 系统 > 安全管理 > 认证方式 > RTSP 认证 设为 digest",
    ),
    "doctor.found.digest_sha": (
        "digest with SHA-256 only, which RTSP clients cannot speak; the password was not tried over RTSP",
        "仅 SHA-256 摘要认证，RTSP 客户端不支持；未通过 RTSP 尝试密码",
    ),
    "doctor.mend.digest_sha": (
        "set Configuration > System > Security > Authentication > RTSP Digest Algorithm to MD5",
        "将 配置 > 系统 > 安全管理 > 认证方式 > RTSP 摘要算法 设为 MD5",
    ),
    "doctor.found.digest_odd": (
        "{method}, which is not known here; the password was not tried over RTSP",
        "{method}，不支持；未通过 RTSP 尝试密码",
    ),
    "doctor.mend.digest_odd": (
        "set RTSP Authentication to digest and RTSP Digest Algorithm to MD5, under System > Security > Authentication",
        "在 系统 > 安全管理 > 认证方式 中将 RTSP 认证 设为 digest、RTSP 摘要算法 设为 MD5",
    ),
    "doctor.found.password_good": ("accepted for {user}", "用户 {user} 已接受"),
    "doctor.found.password_web": ("accepted for {user}, over ISAPI", "用户 {user} 已接受（通过 ISAPI）"),
    "doctor.found.password_missing": ("the camera asks for a login, none is configured", "摄像机要求登录，但未配置"),
    "doctor.mend.password_missing": ("set the camera's username and password", "请配置该摄像机的 username 与 password"),
    "doctor.found.password_refused": ("refused, after one try", "被拒绝，只尝试了一次"),
    "doctor.mend.password_refused": (
        "correct username and password, and check that this user may view the video; Hikvision cameras lock this box "
        "out after five wrong logins",
        "改正 username 与 password，并确认该用户有预览权限；海康摄像机在五次错误登录后会锁定本机",
    ),
    "doctor.found.password_resting": (
        "not tried: this login was refused before, and another try could lock this box out",
        "未尝试：该登录此前已被拒绝，再试可能导致本机被锁定",
    ),
    "doctor.mend.password_resting": (
        "correct the password in the configuration (it is tried at once then), or wait for 35 minutes",
        "改正配置中的密码（之后立即重试），或等待 35 分钟",
    ),
    "doctor.found.password_unguarded": (
        "not tried: refused logins cannot be remembered here, and some more would lock this box out",
        "未尝试：无法记录被拒绝的登录，多次尝试会导致本机被锁定",
    ),
    "doctor.mend.password_unguarded": (
        "mend the data folder first, or run doctor as the agent's user",
        "请先处理数据文件夹，或以代理的用户运行 doctor",
    ),
    "doctor.found.password_locked": (
        "not tried: the camera has locked this box out, for about {minutes} minutes more",
        "未尝试：摄像机已锁定本机，约还有 {minutes} 分钟",
    ),
    "doctor.mend.password_locked": (
        "stop whatever logs in with a wrong password, and wait; or restart the camera",
        "停止使用错误密码的程序并等待；或重启摄像机",
    ),
    "doctor.found.password_elsewhere": (
        "not tried: the same device refused this login for camera {other} just now",
        "未尝试：同一设备刚刚拒绝了摄像机 {other} 的相同登录",
    ),
    "doctor.mend.password_elsewhere": (
        "correct username and password of every camera at this address",
        "改正该地址上每台摄像机的 username 与 password",
    ),
    "doctor.found.stream_good": (
        "{codec}, {width}×{height}, {fps:.1f} fps",
        "{codec}，{width}×{height}，{fps:.1f} 帧/秒",
    ),
    "doctor.found.stream_heavy": (
        "{codec}, {width}×{height}, {fps:.1f} fps: H.264 costs less to decode",
        "{codec}，{width}×{height}，{fps:.1f} 帧/秒：H.264 解码开销更小",
    ),
    "doctor.mend.stream_heavy": ("set the sub-stream's video encoding to H.264", "将子码流的视频编码设为 H.264"),
    "doctor.found.stream_bad": ("no video came", "没有收到视频"),
    "doctor.mend.stream_bad": (
        "set the stream's video encoding to H.264, close other viewers, or restart the camera",
        "将码流的视频编码设为 H.264，关闭其他观看者，或重启摄像机",
    ),
    "doctor.found.stream_broke": (
        "opened, but the video stalled or ended while it was watched",
        "已打开，但观看期间视频停滞或中断",
    ),
    "doctor.mend.stream_broke": (
        "check the camera's load and the network, close other viewers, or restart the camera",
        "检查摄像机负载与网络，关闭其他观看者，或重启摄像机",
    ),
    "doctor.found.gop_good": ("every {seconds:.1f} s", "每 {seconds:.1f} 秒"),
    "doctor.found.gop_long": (
        "only every {seconds:.1f} s; each is a look at the street, at least every {most:g} s is good",
        "间隔 {seconds:.1f} 秒；每个关键帧才查看一次街面，应不超过 {most:g} 秒",
    ),
    "doctor.mend.gop_long": (
        "set the I-frame interval to 1 to 2 s and switch H.264+/H.265+ off; cityeye doctor --mend does it",
        "将 I 帧间隔设为 1 至 2 秒，并关闭 H.264+/H.265+；可用 cityeye doctor --mend 修改",
    ),
    "doctor.found.gop_untold": ("one only in {watched:.0f} s", "{watched:.0f} 秒内只有一个"),
    "doctor.mend.gop_untold": ("watch for longer: --watch 15", "请观看更久：--watch 15"),
    "doctor.found.gop_endless": (
        "one only in {watched:.0f} s; at least every {most:g} s is good",
        "{watched:.0f} 秒内只有一个；应不超过 {most:g} 秒",
    ),
    "doctor.mend.gop_endless": (
        "set the I-frame interval to 1 to 2 s and switch H.264+/H.265+ off; cityeye doctor --mend does it",
        "将 I 帧间隔设为 1 至 2 秒，并关闭 H.264+/H.265+；可用 cityeye doctor --mend 修改",
    ),
    "doctor.found.picture_good": (
        "taken; --pictures FOLDER keeps it, with the zones on it",
        "已获取；--pictures FOLDER 可保存带区域的图片",
    ),
    "doctor.found.picture_kept": ("{file}: look whether the zones lie right", "{file}：请查看区域位置是否正确"),
    "doctor.found.picture_none": ("none could be decoded", "无法解码"),
    "doctor.mend.picture_none": (
        "run doctor again; if it stays so, restart the camera",
        "请重新运行 doctor；若仍如此，请重启摄像机",
    ),
    "doctor.found.picture_unkept": ("taken, but it could not be kept", "已获取，但无法保存"),
    "doctor.mend.picture_unkept": (
        "name a folder that may be written with --pictures",
        "用 --pictures 指定可写的文件夹",
    ),
    "doctor.found.isapi_good": ("{model}, firmware {firmware}", "{model}，固件 {firmware}"),
    "doctor.found.isapi_away": ("does not answer as a Hikvision camera's does", "未按海康摄像机方式应答"),
    "doctor.mend.isapi_away": (
        "none needed for other makers; where its port is not 80, write an address with it into main_stream",
        "其他品牌无需处理；若网页端口不是 80，请在 main_stream 中写明",
    ),
    "doctor.found.isapi_closed": ("does not let this user in", "不允许该用户访问"),
    "doctor.mend.isapi_closed": (
        "give the user the right to view parameters (remote), and set WEB Authentication to digest",
        "授予该用户“远程：查看参数”权限，并将 WEB 认证 设为 digest",
    ),
    "doctor.found.isapi_refused": ("refuses the login", "拒绝登录"),
    "doctor.mend.isapi_refused": (
        "check the password, and that this user may log in to the web page",
        "检查密码，以及该用户是否可登录网页",
    ),
    "doctor.found.settings_good": ("{channel}: {shown}", "{channel}：{shown}"),
    "doctor.found.settings_wrong": (
        "{channel}: {shown}; recommended: {wanted}",
        "{channel}：{shown}；推荐：{wanted}",
    ),
    "doctor.mend.settings_wrong": (
        "cityeye doctor --mend sets it after asking; or set it on the camera's page under Video/Audio",
        "用 cityeye doctor --mend 询问后修改；或在摄像机网页的“视音频”中设置",
    ),
    "doctor.found.settings_heavy": (
        "{channel}: {shown}; recommended: {wanted}",
        "{channel}：{shown}；推荐：{wanted}",
    ),
    "doctor.mend.settings_heavy": (
        "cityeye doctor --mend sets it after asking; it works as it is, too",
        "用 cityeye doctor --mend 询问后修改；保持现状也可工作",
    ),
    "doctor.found.settings_left": (
        "{channel}: {shown}; recommended: {wanted}",
        "{channel}：{shown}；推荐：{wanted}",
    ),
    "doctor.mend.settings_left": (
        "set it on the camera's own page under Video/Audio: the camera does not take it from here",
        "请在摄像机网页的“视音频”中设置：摄像机不接受由此修改",
    ),
    "doctor.found.settings_unknown": ("{path} does not tell a channel", "{path} 未指明通道"),
    "doctor.found.settings_untold": ("{channel}: the camera does not tell them", "{channel}：摄像机未说明"),
    "doctor.found.channel_sub": ("{channel} is a sub-stream", "{channel} 为子码流"),
    "doctor.found.channel_main": (
        "{channel} is the main stream; there is no other",
        "{channel} 为主码流；没有其他码流",
    ),
    "doctor.found.channel_dear": (
        "{channel} is the main stream; the sub-stream would cost less ({shown})",
        "{channel} 为主码流；用子码流开销更小（{shown}）",
    ),
    "doctor.mend.channel_dear": (
        "set url to {url}; evidence pictures come from the main stream all the same",
        "将 url 改为 {url}；取证图片仍来自主码流",
    ),
    "doctor.found.camera_clock_good": ("{seconds:+.0f} s against the box", "与本机相差 {seconds:+.0f} 秒"),
    "doctor.found.camera_clock_off": ("{seconds:+.0f} s against the box", "与本机相差 {seconds:+.0f} 秒"),
    "doctor.mend.camera_clock_off": (
        "set the camera's time zone and NTP server, the same as the box's",
        "设置摄像机的时区与 NTP 服务器，与本机一致",
    ),
    "doctor.found.camera_clock_untold": ("the camera does not tell its time", "摄像机未说明时间"),
    "doctor.found.mend_good": ("{channel}: {before} → {after}", "{channel}：{before} → {after}"),
    "doctor.found.mend_clamped": (
        "{channel}: {before} → {after}; asked for was {wanted}, the camera took what it can",
        "{channel}：{before} → {after}；要求为 {wanted}，摄像机按其能力取值",
    ),
    "doctor.found.mend_partly": (
        "{channel}: {before} → {after}; asked for was {wanted}, the camera did not take all of it",
        "{channel}：{before} → {after}；要求为 {wanted}，摄像机未全部采用",
    ),
    "doctor.mend.mend_partly": (
        "set the rest on the camera's page; some firmwares need smart codec off before they offer anything else",
        "请在摄像机网页中设置其余项；有些固件须先关闭智能编码",
    ),
    "doctor.found.mend_restart": (
        "{channel}: {before} → {after}; in force after the camera was restarted",
        "{channel}：{before} → {after}；摄像机重启后生效",
    ),
    "doctor.mend.mend_restart": ("restart the camera", "请重启摄像机"),
    "doctor.found.mend_refused": ("{channel}: the camera did not take the change", "{channel}：摄像机未接受修改"),
    "doctor.mend.mend_refused": (
        "give this user the right to set parameters (remote), or set it on the camera's page",
        "授予该用户“远程：参数设置”权限，或在摄像机网页中设置",
    ),
}
