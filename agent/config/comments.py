"""What is said about a key where the agent writes a configuration itself.

In English what the models say, as docs/config.md has it; in Chinese from the table here, which holds what `written` may
write and no more: a test compares the two.
"""

from __future__ import annotations

from functools import cache

from agent.config.models import Config
from agent.config.tree import ANY, every_key
from agent.config.words import Lang, Path

_ZH: dict[str, str] = {
    "version": "本文件格式的版本。",
    "box": "本设备。",
    "box.id": "本设备的编号，在同一租户内唯一；是每个主题的一部分。",
    "box.tenant": "设备所属的租户；是每个主题的一部分。",
    "box.time_zone": "现场时区，用于时间表和日志。",
    "box.location": "设备所在位置；各摄像机可另写。",
    "box.location.lon": "经度，单位为度。",
    "box.location.lat": "纬度，单位为度。",
    "box.location.crs": "坐标系：wgs84（GPS）或 gcj02（国内地图）。",
    "mqtt": "接收事件的服务器。",
    "mqtt.host": "服务器的主机名或地址。",
    "mqtt.port": "服务器端口；默认 1883，启用 tls 时为 8883。",
    "mqtt.tls": "与服务器的 TLS 连接；不写则不加密。",
    "mqtt.tls.ca_file": "信任的证书颁发机构，PEM 文件。",
    "mqtt.tls.cert_file": "本设备的证书，PEM 文件。",
    "mqtt.tls.key_file": "本设备的私钥，PEM 文件；也可与证书同在 cert_file 中。",
    "mqtt.username": "登录服务器的用户名。",
    "mqtt.password": "对应的密码。",
    "model": "检测模型。",
    "model.id": "`cityeye models list` 中的模型。auto：本机实测最佳者，其次 yolox-nano，再次随附的模型。",
    "model.folder": "存放这些模型的文件夹。",
    "storage": "本机保存的内容。",
    "storage.folder": "数据库和图片。",
    "cameras": "摄像机。",
    "cameras.*.id": "摄像机的编号，在本文件中唯一。",
    "cameras.*.name": "供人阅读的名称。",
    "cameras.*.url": "RTSP 地址，最好用子码流；也可为视频文件。",
    "cameras.*.username": "登录摄像机的用户名。",
    "cameras.*.password": "对应的密码。",
}


def comment(path: Path, lang: Lang) -> str:
    """What a key means, in one line. `path` may hold indices. Raises KeyError for a key that is not described."""
    key = ".".join(ANY if isinstance(part, int) else part for part in path)
    return _ZH[key] if lang == "zh-CN" else _english()[key]


@cache
def _english() -> dict[str, str]:
    return {".".join(map(str, path)): str(info.description) for path, info in every_key(Config)}
