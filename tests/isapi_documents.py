"""ISAPI documents as Hikvision cameras write them."""

from __future__ import annotations

HIKVISION = "http://www.hikvision.com/ver20/XMLSchema"


def stream_xml(
    *,
    channel: int = 102,
    codec: str = "H.265",
    size: tuple[int, int] = (704, 576),
    rate: int = 2500,
    gop: int | None = 250,
    interval_ms: int | None = 10_000,
    smart: bool | None = True,
    svc: bool | None = False,
    namespace: str = HIKVISION,
) -> bytes:
    """One stream's settings; None leaves a setting out."""
    parts = [
        f"<videoCodecType>{codec}</videoCodecType>",
        "<videoScanType>progressive</videoScanType>",
        f"<videoResolutionWidth>{size[0]}</videoResolutionWidth>",
        f"<videoResolutionHeight>{size[1]}</videoResolutionHeight>",
        "<videoQualityControlType>VBR</videoQualityControlType><vbrUpperCap>512</vbrUpperCap>",
        f"<maxFrameRate>{rate}</maxFrameRate>",
        "" if interval_ms is None else f"<keyFrameInterval>{interval_ms}</keyFrameInterval>",
        "" if gop is None else f"<GovLength>{gop}</GovLength>",
        "" if svc is None else f"<SVC><enabled>{str(svc).lower()}</enabled></SVC>",
        "" if smart is None else f"<SmartCodec><enabled>{str(smart).lower()}</enabled></SmartCodec>",
    ]
    declared = f' xmlns="{namespace}"' if namespace else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<StreamingChannel version="2.0"{declared}>\n<id>{channel}</id>'
        f"<channelName>东门 &amp; Gate</channelName><enabled>true</enabled><Video>{''.join(parts)}</Video>"
        "</StreamingChannel>\n"
    ).encode()


def device_xml(name: str = "DeviceInfo") -> bytes:
    """Who it is."""
    return (
        f'<{name} version="2.0" xmlns="{HIKVISION}"><deviceName>IP CAMERA</deviceName><model>DS-2CD2T46</model>'
        f"<firmwareVersion>V5.7.3</firmwareVersion></{name}>"
    ).encode()


def time_xml(local: str, zone: str = "CST-8:00:00") -> bytes:
    """Its clock."""
    return (
        f'<Time version="2.0" xmlns="{HIKVISION}"><timeMode>NTP</timeMode><localTime>{local}</localTime>'
        f"<timeZone>{zone}</timeZone></Time>"
    ).encode()
