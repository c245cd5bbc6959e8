"""How the simulated camera's streams are set, as the XML that Hikvision cameras write."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

NAMESPACE = "http://www.hikvision.com/ver20/XMLSchema"


def document(name: str, body: str) -> bytes:
    """One answer."""
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} version="2.0" xmlns="{NAMESPACE}">\n'
    return f"{head}{body}\n</{name}>\n".encode()


@dataclass(frozen=True)
class Video:
    """What a file shows: `codec` as GStreamer names it (h264, h265), the longest distance of keyframes in pictures."""

    codec: str
    width: int
    height: int
    fps: float
    gop: int


class StreamSettings:
    """One stream. What is put there is clamped without a word, as cameras do."""

    def __init__(self, channel: int, video: Video, *, smart: bool, stubborn: bool, gops: tuple[int, int]) -> None:
        """`stubborn`: smart codec stays as it is. `gops`: the least and the most pictures between keyframes."""
        self.channel = channel
        self.codec = {"h264": "H.264", "h265": "H.265"}[video.codec]
        self.size = (video.width, video.height)
        self.fps = video.fps
        self.gop = video.gop
        self.smart = smart
        self._stubborn = stubborn
        self._gops = gops

    @property
    def calm(self) -> bool:
        """Whether keyframes come regularly, at least every four seconds."""
        return not self.smart and self.gop <= 4 * self.fps

    def xml(self) -> bytes:
        """The whole document."""
        video = (
            "<enabled>true</enabled><videoInputChannelID>1</videoInputChannelID>"
            f"<videoCodecType>{self.codec}</videoCodecType><videoScanType>progressive</videoScanType>"
            f"<videoResolutionWidth>{self.size[0]}</videoResolutionWidth>"
            f"<videoResolutionHeight>{self.size[1]}</videoResolutionHeight>"
            "<videoQualityControlType>VBR</videoQualityControlType><vbrUpperCap>1024</vbrUpperCap>"
            f"<maxFrameRate>{round(self.fps * 100)}</maxFrameRate>"
            f"<keyFrameInterval>{round(self.gop / self.fps * 1000)}</keyFrameInterval>"
            f"<GovLength>{self.gop}</GovLength><SVC><enabled>false</enabled></SVC>"
            f"<SmartCodec><enabled>{str(self.smart).lower()}</enabled></SmartCodec>"
        )
        name = f"<id>{self.channel}</id><channelName>Camera 01</channelName><enabled>true</enabled>"
        return document("StreamingChannel", f"{name}<Video>{video}</Video>")

    def put(self, body: bytes) -> bool:
        """Take another document; False when it is none."""
        try:
            root = ElementTree.fromstring(body)
            told = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
            enabled = {
                element.tag.rpartition("}")[2]: below.text == "true"
                for element in root.iter()
                for below in element
                if below.tag.endswith("enabled")
            }
            codec, gop = told["videoCodecType"], int(told["GovLength"])
        except (ElementTree.ParseError, KeyError, ValueError):
            return False
        if codec not in ("H.264", "H.265"):
            return False
        self.codec, self.gop = codec, min(max(gop, self._gops[0]), self._gops[1])
        self.smart = self.smart if self._stubborn else enabled.get("SmartCodec", self.smart)
        return True
