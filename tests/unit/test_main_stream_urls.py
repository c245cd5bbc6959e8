"""From the address of a sub-stream to that of the main stream's pictures."""

from __future__ import annotations

import pytest

from agent.app.main_stream import main_stream_urls
from tests.unit.config.samples import config_of, good, read_data


def urls(**camera: str) -> list[str]:
    text = good()
    text["cameras"][0] |= camera
    return main_stream_urls(config_of(text).cameras[0])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "rtsp://10.0.0.9:554/Streaming/Channels/102",
            ["http://10.0.0.9/ISAPI/Streaming/channels/101/picture", "rtsp://10.0.0.9:554/Streaming/Channels/101"],
        ),
        (
            "rtsp://[fe80::1]/streaming/channels/1203/",
            ["http://[fe80::1]/ISAPI/Streaming/channels/1201/picture", "rtsp://[fe80::1]/streaming/channels/1201"],
        ),
        ("rtsp://10.0.0.9:554/Streaming/Channels/101", []),  # the main stream itself
        ("rtsp://10.0.0.9/live/ch1/sub", []),  # another maker's
        ("street.mp4", []),
    ],
)
def test_the_main_stream_of_a_hikvision_camera(url: str, expected: list[str]) -> None:
    assert urls(url=url) == expected
    assert urls(url=url, main_stream="off") == []


def test_an_address_that_is_given_is_taken() -> None:
    sub = "rtsp://10.0.0.9/Streaming/Channels/102"
    for given in ("https://10.0.0.9:8443/snap.jpg?channel=1", "rtsp://10.0.0.9:8554/main"):
        assert urls(url=sub, main_stream=given) == [given]


@pytest.mark.parametrize(
    "given", ["on", "ftp://h/x", "http://admin:secret@h/x", "http://", "rtsp://u:p@h/x", "http://h/a b"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    text = good()
    text["cameras"][0]["main_stream"] = given
    [problem] = read_data(text).problems
    assert problem.key == "cameras[0].main_stream"
    assert problem.expected == "auto, off, or an http:// or rtsp:// address" or given.startswith("rtsp")
    assert "secret" not in str(problem)
