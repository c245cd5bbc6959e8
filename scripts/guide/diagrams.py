"""Diagrams of the field guide, each in English and in Chinese."""

from __future__ import annotations

from math import cos, radians, sin, tan

from scripts.guide.svg import BLUE, GREEN, GREY, INK, LINE, ORANGE, PALE, RED, YELLOW, Drawing

Words = tuple[str, str]
"""English, Chinese."""
LANGUAGES = ("en", "zh-CN")


def site(lang: int) -> str:
    """Where the box stands among cameras, switch, router and centre."""
    drawing = Drawing(820, 360, _SITE["title"][lang])
    say = {name: words[lang] for name, words in _SITE.items()}
    for number in range(3):
        y = 30 + number * 84
        drawing.card(20, y, 150, 60, [f"{say['camera']} {number + 1}", f"192.168.1.{64 + number}"])
        drawing.arrow(170, y + 30, 268, 144 + (number - 1) * 14)
    drawing.text(178, 40, "RTSP", size=12, colour=BLUE)
    drawing.card(270, 108, 120, 72, [say["switch"], say["switch_what"]])
    drawing.card(470, 30, 150, 80, [say["box"], say["box_what"], "cityeye"], fill="#d9ecf5")
    drawing.arrow(390, 128, 468, 84, both=True)
    drawing.card(470, 170, 150, 64, [say["router"], say["router_what"]])
    drawing.arrow(390, 160, 468, 196, both=True)
    drawing.card(680, 20, 125, 74, [say["centre"], "MQTT", say["centre_what"]])
    drawing.card(680, 170, 125, 64, [say["clock"], "NTP"])
    drawing.arrow(620, 188, 678, 96)
    drawing.text(664, 150, say["out"], size=12, colour=BLUE)
    drawing.arrow(620, 208, 678, 208, both=True)
    drawing.card(270, 270, 120, 64, [say["laptop"], say["laptop_what"]])
    drawing.arrow(330, 270, 330, 182, dash="5 4")
    drawing.lines(410, 286, [say["note_1"], say["note_2"], say["note_3"]], size=12, colour=GREY)
    return drawing.document()


_SITE: dict[str, Words] = {
    "title": ("Where the box goes", "盒子接在哪里"),
    "camera": ("Camera", "摄像机"),
    "switch": ("PoE switch", "PoE 交换机"),
    "switch_what": ("camera network", "摄像机网络"),
    "box": ("Edge box", "边缘盒子"),
    "box_what": ("own, fixed address", "固定 IP 地址"),
    "router": ("Router / 4G", "路由器 / 4G"),
    "router_what": ("outgoing only", "只需向外连接"),
    "centre": ("Centre", "中心平台"),
    "centre_what": ("port 8883", "端口 8883"),
    "clock": ("Time server", "校时服务器"),
    "out": ("events", "事件"),
    "laptop": ("Laptop", "笔记本电脑"),
    "laptop_what": ("during the visit", "仅安装期间"),
    "note_1": ("The box opens every connection itself;", "所有连接都由盒子主动发起；"),
    "note_2": ("no port has to be opened towards it.", "不需要为它开放任何入站端口。"),
    "note_3": ("Cameras and box take their time from one server.", "摄像机与盒子使用同一校时服务器。"),
}


def mounting(lang: int) -> str:
    """A camera on its pole from the side: height, angle, distance."""
    say = {name: words[lang] for name, words in _MOUNTING.items()}
    drawing = Drawing(820, 330, say["title"])
    ground, pole, top, metre = 270, 110, 96, 29.0
    drawing.path(f"M20 {ground}H800", colour=INK)
    drawing.path(f"M{pole} {ground}V{top - 18}", colour=GREY, width=5)
    drawing.box(pole - 4, top - 12, 40, 18, fill=BLUE, edge=BLUE, round_=3)
    eye, height = pole + 34, ground - top
    for degrees, dash in ((30.0, ""), (9.0, "")):
        far = min(height / tan(radians(degrees)), 640.0)
        drawing.path(f"M{eye} {top}L{eye + far:.0f} {top + far * tan(radians(degrees)):.0f}", colour=LINE, dash=dash)
    drawing.path(f"M{eye} {top}H{eye + 190}", colour=LINE, dash="4 4")
    drawing.path(
        f"M{eye + 150} {top}A150 150 0 0 1 {eye + 150 * cos(radians(15)):.1f} {top + 150 * sin(radians(15)):.1f}"
    )
    drawing.text(eye + 196, top + 4, say["angle"], size=13)
    near, wide = eye + 11 * metre, 12 * metre
    drawing.box(near, ground - 4, wide, 8, fill=YELLOW, edge=YELLOW, round_=2)
    drawing.text(near + wide / 2, ground + 24, say["zone"], anchor="middle", bold=True)
    _car(drawing, near + 40, ground - 4)
    _car(drawing, near + 200, ground - 4)
    drawing.arrow(84, ground - 2, 84, top + 2, both=True)
    drawing.text(22, 190, say["height"], bold=True)
    drawing.arrow(pole, ground + 36, near, ground + 36, both=True)
    drawing.text((pole + near) / 2, ground + 54, say["distance"], size=13, anchor="middle")
    drawing.circle(770, 40, 20, fill=YELLOW)
    drawing.lines(600, 34, [say["sun_1"], say["sun_2"]], size=12, colour=ORANGE)
    drawing.lines(eye + 4, 30, [say["pole_1"], say["pole_2"]], size=12, colour=GREY)
    return drawing.document()


def _car(drawing: Drawing, x: float, y: float) -> None:
    """From the side, 4.5 m long."""
    drawing.path(
        f"M{x} {y - 12}q0 -14 16 -14l20 -14h46l22 14h16q10 0 10 14v6h-130z", colour=GREEN, width=1, fill="#8fbf91"
    )
    for wheel in (26, 100):
        drawing.circle(x + wheel, y - 6, 9, fill=INK)


_MOUNTING: dict[str, Words] = {
    "title": ("How the camera hangs", "摄像机的安装"),
    "angle": ("looks down 10–35°", "俯角 10–35°"),
    "zone": ("zone, on the ground", "区域（地面）"),
    "height": ("4–8 m", "4–8 米"),
    "distance": ("8–25 m; a car at least a tenth of the picture wide", "8–25 米；车宽至少占画面的十分之一"),
    "sun_1": ("Sun never in the picture:", "太阳不得进入画面："),
    "sun_2": ("look north, or steeper", "朝北，或加大俯角"),
    "pole_1": ("Stiff pole or wall, no branches", "立杆或墙面要稳固，"),
    "pole_2": ("in front, IR lamp or street light", "前方无枝叶，夜间有补光或路灯"),
}


def gop(lang: int) -> str:
    """How often there is something to look at: GOP of 2 s, of 10 s, and a smart codec."""
    say = {name: words[lang] for name, words in _GOP.items()}
    drawing = Drawing(820, 346, say["title"])
    left, second = 190, 24.0
    drawing.text(20, 28, say["title"], size=15, bold=True)
    rows = (
        ("two", GREEN, [2.0 * i for i in range(13)]),
        ("ten", ORANGE, [0.0, 10.0, 20.0]),
        ("smart", RED, [0.0, 19.0]),
    )
    for number, (name, colour, keys) in enumerate(rows):
        y = 66 + number * 74
        drawing.text(20, y + 14, say[name], bold=True)
        drawing.text(20, y + 34, say[f"{name}_what"], size=12, colour=colour)
        for picture in range(96):
            drawing.box(left + picture * second / 4 + 1, y + 14, 4, 14, fill=PALE, edge=LINE, round_=1)
        for at_s in keys:
            drawing.box(left + at_s * second, y, 8, 32, fill=colour, edge=colour, round_=2)
    y = 66 + 3 * 74
    drawing.path(f"M{left} {y - 16}H{left + 24 * second}", width=1.5)
    for at_s in range(0, 25, 4):
        drawing.path(f"M{left + at_s * second} {y - 20}v8", width=1.5)
        drawing.text(left + at_s * second, y + 4, f"{at_s} s", size=12, colour=GREY, anchor="middle")
    drawing.box(left, y + 24, 8, 18, fill=INK, edge=INK, round_=2)
    drawing.text(left + 16, y + 38, say["key"], size=12)
    drawing.box(left + 300, y + 26, 4, 14, fill=PALE, edge=LINE, round_=1)
    drawing.text(left + 312, y + 38, say["other"], size=12)
    return drawing.document()


_GOP: dict[str, Words] = {
    "title": ("The box looks at keyframes only", "盒子只看关键帧"),
    "two": ("GOP 2 s", "关键帧间隔 2 秒"),
    "two_what": ("a look every 2 s: right", "每 2 秒看一次：正确"),
    "ten": ("GOP 10 s", "关键帧间隔 10 秒"),
    "ten_what": ("too rare", "太稀"),
    "smart": ("H.264+ / H.265+", "H.264+ / H.265+"),
    "smart_what": ("comes when it likes", "何时出现不可预知"),
    "key": ("keyframe (I-frame): a whole picture", "关键帧（I 帧）：完整画面"),
    "other": ("only what changed (P-frames)", "只含变化部分（P 帧）"),
}
DIAGRAMS = {"site": site, "mounting": mounting, "gop": gop}
