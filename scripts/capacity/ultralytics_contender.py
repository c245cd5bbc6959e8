"""Ultralytics tracking one camera, for an interpreter that has ultralytics; nothing else is imported.

python ultralytics_contender.py export yolo11n.onnx     # YOLO11n without training, input 640: same cost, no boxes
python ultralytics_contender.py track MODEL URL         # prints a line for each picture that was analysed
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

SIZE_PX = 640
STRIDE = 5


def export(target: Path) -> None:
    """The architecture with random weights: none can be fetched here, and the arithmetic is the same."""
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "yolo11n.pt"
        YOLO("yolo11n.yaml").save(network)
        made = YOLO(network).export(format="onnx", imgsz=SIZE_PX, dynamic=False, batch=1, verbose=False)
        target.write_bytes(Path(made).read_bytes())


def track(model: str, url: str) -> None:
    """As its documentation shows it: `model.track` over the stream, every fifth frame of 25 a second."""
    from ultralytics import YOLO

    found = YOLO(model, task="detect").track(
        source=url, stream=True, vid_stride=STRIDE, imgsz=SIZE_PX, device="cpu", verbose=False
    )
    for number, _ in enumerate(found):
        print(number, flush=True)


if __name__ == "__main__":
    os.environ |= {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    if sys.argv[1] == "export":
        export(Path(sys.argv[2]))
    else:
        track(sys.argv[2], sys.argv[3])
