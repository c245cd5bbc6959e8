"""Object detection with ONNX models.

letterbox   a picture of any size into the model's input, and boxes back
families    what the outputs of a model family mean; a new family is one class there
model       one checked model file: pictures in, raw candidates with the model's own labels out
labels      the model's own labels onto the agent's classes
detector    candidates to Detections: classes, one NMS per class family, appearance descriptors
"""

from agent.adapters.onnx.detector import OnnxDetector
from agent.adapters.onnx.model import OnnxModel

__all__ = ["OnnxDetector", "OnnxModel"]
