"""What others do with one camera's stream, as bare as it can be written; a process of its own for each.

    python -m scripts.capacity.contender keyframes URL MODEL     # demux, decode keyframes only, one inference each
    python -m scripts.capacity.contender every-frame URL MODEL   # OpenCV decodes all; inference on every fifth picture

Prints a line for each picture that was analysed, until it is ended. Nothing of the agent is imported.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else importing it writes to ~/.cache and reports to its maker

import onnxruntime
from av.codec.context import ThreadType

STRIDE: Final = 5
PAD_LEVEL: Final = 114

Picture = np.ndarray[Any, np.dtype[np.uint8]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=SOURCES)
    parser.add_argument("url")
    parser.add_argument("model", type=Path, help="YOLOX with a fixed input")
    options = parser.parse_args()
    infer = inference(options.model)
    for number, picture in enumerate(SOURCES[options.what](options.url)):
        infer(picture)
        print(number, flush=True)


def keyframes(url: str) -> Iterator[Picture]:
    """Demux all, decode keyframes only, to BGR of full size."""
    with av.open(url, options={"rtsp_transport": "tcp"}) as camera:
        stream = camera.streams.video[0]
        stream.codec_context.thread_type = ThreadType.NONE
        stream.codec_context.skip_frame = "NONKEY"
        for packet in camera.demux(stream):
            # Only keyframes go to the decoder; it then gives a picture one keyframe late, at no other cost.
            if packet.is_keyframe:
                for picture in packet.decode():
                    yield picture.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def every_frame(url: str) -> Iterator[Picture]:
    """All frames are decoded to BGR, as `VideoCapture.read` does; every fifth is handed out."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    camera = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    number = 0
    while True:
        going_on, picture = camera.read()
        if not going_on:
            return
        if number % STRIDE == 0:
            yield np.asarray(picture, np.uint8)
        number += 1


def inference(model: Path) -> Callable[[Picture], object]:
    """Letterbox and one inference, one thread; what the model says is not even read."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), settings, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    height, width = given.shape[2:]
    cv2.setNumThreads(1)

    def infer(picture: Picture) -> object:
        scale = min(width / picture.shape[1], height / picture.shape[0])
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        padded = np.full((height, width, 3), PAD_LEVEL, np.uint8)
        padded[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        planes = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
        return session.run(None, {given.name: planes})

    return infer


SOURCES: Final[dict[str, Callable[[str], Iterator[Picture]]]] = {"keyframes": keyframes, "every-frame": every_frame}


if __name__ == "__main__":
    main()
