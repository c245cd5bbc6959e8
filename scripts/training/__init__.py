"""Parts of `scripts/train_street_nano.py`. Never installed: only `score` and `sources` run without torch.

sources   which pictures there are, what is known of them, and which are held back
mixing    augmentation: mosaics and single pictures, with boxes and a map of where garbage is unknown
network   YOLOX-nano in torch from an ONNX file with folded batch norms, and back to ONNX
loss      YOLOX's loss on what is labelled, and the teacher's own answers everywhere else
score     AP50 per class of any model the agent can load
"""
