"""Texts of `cityeye doctor` about the broker, as `texts_doctor` holds them."""

from __future__ import annotations

BROKER: dict[str, tuple[str, str]] = {
    "doctor.found.broker_reached": ("{where}, {ms:.0f} ms", "{where}，{ms:.0f} 毫秒"),
    "doctor.found.broker_away": ("{where}: no connection", "{where}：无法连接"),
    "doctor.mend.broker_away": (
        "check mqtt.host and mqtt.port, the cable, any firewall in between, and that the broker runs",
        "检查 mqtt.host 与 mqtt.port、网线、途中的防火墙，以及服务器是否运行",
    ),
    "doctor.found.tls_good": (
        "certificate valid until {until} ({days:.0f} days)",
        "证书有效期至 {until}（{days:.0f} 天）",
    ),
    "doctor.found.tls_soon": (
        "the broker's certificate expires on {until}, in {days:.0f} days",
        "服务器证书将于 {until} 到期，还有 {days:.0f} 天",
    ),
    "doctor.mend.tls_soon": ("have it renewed: no box connects after that day", "请及时更换：到期后所有设备都无法连接"),
    "doctor.found.tls_expired": ("the broker's certificate has expired", "服务器证书已过期"),
    "doctor.mend.tls_expired": (
        "have it renewed at the broker; check this box's date, too",
        "请在服务器上更换证书；并检查本机日期",
    ),
    "doctor.found.tls_untrusted": (
        "the broker speaks TLS, but this box does not trust its certificate",
        "服务器已启用 TLS，但本机不信任其证书",
    ),
    "doctor.mend.tls_untrusted": (
        "set mqtt.tls.ca_file to the authority (CA) that issued the broker's certificate; check that mqtt.host is the "
        "name in the certificate, and this box's date",
        "请把 mqtt.tls.ca_file 设为签发服务器证书的 CA 文件；并检查 mqtt.host 是否与证书中的名称一致，以及本机日期",
    ),
    "doctor.found.tls_refused": ("no TLS with this broker", "无法与服务器建立 TLS"),
    "doctor.mend.tls_refused": (
        "check that mqtt.port is the broker's TLS port; where it asks for a certificate, set mqtt.tls.cert_file and "
        "key_file; check that the files of mqtt.tls can be read",
        "检查 mqtt.port 是否为服务器的 TLS 端口；若服务器要求客户端证书，请设 mqtt.tls.cert_file 与 key_file；"
        "并检查 mqtt.tls 的各文件是否可读",
    ),
    "doctor.found.tls_off": ("not used: everybody in between can read along", "未启用：途中任何人都可读取"),
    "doctor.mend.tls_off": (
        "set mqtt.tls: {} where the network is not your own",
        "若网络不归自己管理，请设 mqtt.tls: {}",
    ),
    "doctor.found.login_good": ("accepted, MQTT {version} (as {client})", "已接受，MQTT {version}（客户端 {client}）"),
    "doctor.found.login_refused": ("refused", "被拒绝"),
    "doctor.mend.login_refused": (
        "correct mqtt.username and mqtt.password, or the certificate; check the broker's list of users, and where it "
        "lets known client ids in only, allow {client} too",
        "改正 mqtt.username 与 mqtt.password 或证书；检查服务器的用户名单；若按客户端编号准入，也请允许 {client}",
    ),
    "doctor.found.login_unanswered": ("no answer", "无应答"),
    "doctor.mend.login_unanswered": (
        "check that this port is MQTT's and whether it expects TLS; look at the broker's log",
        "检查该端口是否为 MQTT、是否要求 TLS；查看服务器日志",
    ),
    "doctor.found.login_id": (
        "the broker lets known client ids in only, and not {client}",
        "服务器只允许已登记的客户端编号，{client} 不在其中",
    ),
    "doctor.mend.login_id": (
        "allow it at the broker for the time of the test: the agent's own would throw a running agent out",
        "测试期间请在服务器上允许它：若用代理自己的编号，会使运行中的代理掉线",
    ),
    "doctor.found.limit_good": ("{most} bytes", "{most} 字节"),
    "doctor.found.limit_small": (
        "{most} bytes; messages with pictures or events have up to {needed}",
        "{most} 字节；带图片或事件的报文最大 {needed} 字节",
    ),
    "doctor.mend.limit_small": (
        "raise the broker's packet limit to 2 MB, or set evidence.send to put or off",
        "将服务器的报文上限调至 2 MB，或将 evidence.send 设为 put 或 off",
    ),
    "doctor.found.limit_untold": ("the broker does not tell one", "服务器未说明"),
    "doctor.found.listen_good": ("{topics}", "{topics}"),
    "doctor.found.listen_denied": ("refused: {topics}", "被拒绝：{topics}"),
    "doctor.mend.listen_denied": (
        "give this box the right to read them in the broker's access list; docs/contract/broker.md",
        "在服务器的访问控制中授予本机读取权限；见 docs/contract/broker.md",
    ),
    "doctor.found.publish_good": ("allowed on all {count} topics of this box", "本机全部 {count} 个主题均允许"),
    "doctor.found.publish_denied": ("refused: {topics}", "被拒绝：{topics}"),
    "doctor.mend.publish_denied": (
        "give this box the right to write them in the broker's access list; where that goes by client id, allow "
        "{client} too; docs/contract/broker.md",
        "在服务器的访问控制中授予本机写入权限；若按客户端编号授权，也请允许 {client}；见 docs/contract/broker.md",
    ),
    "doctor.found.publish_untold": (
        "taken; but MQTT 3.1.1 has no way to say no",
        "已接收；但 MQTT 3.1.1 无法表示拒绝",
    ),
    "doctor.mend.publish_untold": (
        "prefer a broker with MQTT 5; else look whether the messages arrive",
        "建议使用支持 MQTT 5 的服务器；否则请确认消息是否到达",
    ),
    "doctor.found.round_good": ("{ms:.0f} ms", "{ms:.0f} 毫秒"),
}
