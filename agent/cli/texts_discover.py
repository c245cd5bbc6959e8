"""Texts of `cityeye discover`, as `texts` holds them."""

from __future__ import annotations

DISCOVER: dict[str, tuple[str, str]] = {
    "discover.help": (
        "Find the cameras on the network: all that speak ONVIF, and with --range those at given addresses. "
        "Never tries a password. Exit code 0 when something was found, 1 when nothing was.",
        "查找网络上的摄像机：所有支持 ONVIF 的，加 --range 则逐一询问给定地址。不会尝试任何密码。"
        "找到时退出码为 0，未找到为 1。",
    ),
    "discover.config": (
        "A configuration file: tells which devices are in it already.",
        "配置文件：用于标明哪些设备已在其中。",
    ),
    "discover.range": (
        "Addresses to ask one by one: 192.168.1.0/24, 192.168.1.10-40 or one address; may be given several times.",
        "逐一询问的地址：192.168.1.0/24、192.168.1.10-40 或单个地址；可重复给出。",
    ),
    "discover.port": (
        "With --range: TCP port of RTSP or HTTP, instead of 554, 8554 and 80; may be given several times.",
        "与 --range 同用：RTSP 或 HTTP 的 TCP 端口，代替 554、8554、80；可重复给出。",
    ),
    "discover.allow": (
        "With --range: allow private addresses that are not in this machine's networks (routed), or this machine "
        "itself (loopback).",
        "与 --range 同用：允许询问不在本机网络内的私有地址（routed），或本机自身（loopback）。",
    ),
    "discover.interface": (
        "Ask by ONVIF on this network interface only; may be given several times.",
        "仅在该网络接口上进行 ONVIF 查找；可重复给出。",
    ),
    "discover.address": (
        "As --interface, by one of this machine's addresses.",
        "同 --interface，但以本机的一个地址指定。",
    ),
    "discover.wait": (
        "How long answers to the ONVIF question are awaited, in seconds; 0: do not ask it.",
        "等待 ONVIF 应答的秒数；0 表示不进行 ONVIF 查找。",
    ),
    "discover.yaml": (
        "Print lines for cameras: of a configuration, of those that are not in it yet.",
        "输出可粘贴到配置文件 cameras: 之下的内容，仅含尚未配置的摄像机。",
    ),
    "discover.one_form": ("expected --json or --yaml, found both", "--json 与 --yaml 只能选一个"),
    "discover.wait_range": (
        "--wait: expected 0 to {most:g} seconds, found {found:g}",
        "--wait：应为 0 至 {most:g} 秒，实际为 {found:g}",
    ),
    "discover.nothing_asked": ("--wait 0: expected together with --range", "--wait 0：须与 --range 同用"),
    "discover.many_ports": (
        "--port: expected at most {most}, found {found}",
        "--port：最多 {most} 个，实际为 {found} 个",
    ),
    "discover.refused.syntax": (
        "--range: expected 192.168.1.0/24, 192.168.1.10-40 or one IPv4 address, found {found}",
        "--range：应为 192.168.1.0/24、192.168.1.10-40 或单个 IPv4 地址，实际为 {found}",
    ),
    "discover.refused.many": (
        "--range: expected at most {most} addresses in all, found {count}; give a smaller range",
        "--range：总共最多 {most} 个地址，实际为 {count} 个；请缩小范围",
    ),
    "discover.refused.public": (
        "--range: expected private addresses (10.x, 172.16-31.x, 192.168.x, 169.254.x), found {found}; other people's "
        "networks are not asked",
        "--range：应为私有地址（10.x、172.16-31.x、192.168.x、169.254.x），实际为 {found}；不询问他人的网络",
    ),
    "discover.refused.loopback": (
        "--range: expected addresses of a network, found {found}, which is this machine itself; add --allow loopback "
        "if it is meant",
        "--range：应为网络地址，实际为 {found}，即本机自身；确需如此请加 --allow loopback",
    ),
    "discover.refused.elsewhere": (
        "--range: expected addresses of this machine's networks ({own}), found {found}; add --allow routed if a router "
        "leads there and it is your site",
        "--range：应为本机所在网络（{own}）的地址，实际为 {found}；如经路由可达且属于本站点，请加 --allow routed",
    ),
    "discover.no_network": (
        "expected a network to look for cameras on, found none: no network interface has an IPv4 address; plug in the "
        "cable, and give this machine an address in the cameras' network",
        "没有可供查找的网络：没有网络接口具有 IPv4 地址；请接好网线，并为本机配置摄像机所在网络的地址",
    ),
    "discover.asking": ("asking {count} address(es) …", "正在询问 {count} 个地址……"),
    "discover.found": ("{count} device(s) found", "找到 {count} 台设备"),
    "discover.column.address": ("address", "地址"),
    "discover.column.maker": ("maker", "厂商"),
    "discover.column.model": ("model", "型号"),
    "discover.column.name": ("name", "名称"),
    "discover.column.ways": ("found by", "发现方式"),
    "discover.column.configured": ("configured as", "已配置为"),
    "discover.failed": (
        "from {address} nothing could be asked by ONVIF: {reason}",
        "无法从 {address} 进行 ONVIF 查找：{reason}",
    ),
    "discover.others": (
        "{count} more address(es) answered, but not as a camera does",
        "另有 {count} 个地址有应答，但不像摄像机",
    ),
    "discover.unreadable": (
        "{count} answer(s) to the ONVIF question could not be read",
        "有 {count} 个 ONVIF 应答无法读取",
    ),
    "discover.next.range": (
        "next: check power and cable; ONVIF is often off on new cameras: give their addresses, such as "
        "--range 192.168.1.0/24, with this machine in the same network",
        "下一步：检查电源和网线；新摄像机常未开启 ONVIF：请将本机设在同一网络，并给出地址，例如 --range 192.168.1.0/24",
    ),
    "discover.next.look": (
        "next: check power, cable and the range; a new Hikvision camera has 192.168.1.64 (or an address by DHCP) and "
        "has to be activated with a password first",
        "下一步：检查电源、网线和地址范围；全新的海康威视摄像机地址为 192.168.1.64（或由 DHCP 分配），须先设置密码激活",
    ),
    "discover.next.paste": (
        "next: the same with --yaml prints lines for cameras: in the configuration; with these in it, run: "
        "cityeye doctor --config {file}",
        "下一步：加 --yaml 再次运行，可得到粘贴到配置文件 cameras: 之下的内容；粘贴后运行："
        "cityeye doctor --config {file}",
    ),
    "discover.next.check": (
        "next: put these lines below cameras:, set username and password, then run: cityeye doctor --config {file}",
        "下一步：将以上内容放到 cameras: 之下，填写用户名和密码，然后运行：cityeye doctor --config {file}",
    ),
    "discover.next.doctor": (
        "next: all of them are configured; run: cityeye doctor --config {file}",
        "下一步：全部已配置；运行：cityeye doctor --config {file}",
    ),
}
