"""Object detection with ONNX models.

letterbox   a picture of any size into the model's input, and boxes back
families    what the outputs of a model family mean; a new family is one class there
model       one checked model file: pictures in, raw candidates with the model's own labels out
labels      the model's own labels onto the agent's classes
detector    candidates to Detections: classes, one NMS per class family, appearance descriptors
"""

import os

# From 1.29 on, importing onnxruntime reports machine, model and run times to its maker over HTTPS, and keeps an
# identifier and a queue below ~/.cache/Microsoft. Its own `disable_telemetry_events()` comes too late; this does not.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from agent.adapters.onnx.detector import OnnxDetector
from agent.adapters.onnx.model import OnnxModel

__all__ = ["OnnxDetector", "OnnxModel"]
