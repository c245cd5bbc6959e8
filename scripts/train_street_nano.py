#!/usr/bin/env python3
"""Train `models/street-nano.onnx`, the detector for the first run on a machine without a network.

    pip install -e '.[train-nano]'
    CITYEYE_SHARED=/path/to/shared python -m scripts.train_street_nano --work out/street-nano

Needs no GPU. Interrupted, it goes on from the last epoch in `--work`. What it does and why: models/street-nano.md.
"""

from __future__ import annotations

import argparse
import copy
import logging
import math
import os
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve each other on a shared machine

import cv2
import numpy as np
import torch

from agent.adapters.onnx import OnnxDetector
from scripts.training import mixing, network, score, sources
from scripts.training.loss import Batch, Loss

ROOT = Path(__file__).parents[1]
SEED = 20261124
BATCH = 12
RATE = 5e-4
WEIGHT_DECAY = 1e-4
WARM_UP_STEPS = 40
EMA_DECAY = 0.995
log = logging.getLogger("street-nano")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CITYEYE_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "street-nano", help="for the checkpoint")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "street-nano.onnx")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    warnings.filterwarnings("ignore", category=FutureWarning)  # yolox's torch.cuda.amp.autocast
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # torch.onnx.export without dynamo
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    data = options.data / "data"
    photos = [
        *sources.garbage495(data, "train"),
        *sources.amsterdam(data, back=False),
        *sources.coco(data, back=False),
    ]
    train(photos, data, options.work / "checkpoint.pt", options.out, options.epochs)


def train(photos: Sequence[sources.Photo], data: Path, checkpoint: Path, out: Path, epochs: int) -> None:
    """`epochs` over the photos, from the COCO weights or the checkpoint; the averaged weights go to `out`."""
    torch.manual_seed(SEED)
    model = network.StreetNano(network.read_coco_nano(data / "models" / "yolox_nano.onnx"))
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.branch.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    loss = Loss()
    pieces = [mixing.load(photo) for photo in photos]
    steps = math.ceil(len(pieces) / BATCH)
    trained = 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        trained = state["epochs"]
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
    log.info("%s: %d pieces, %d steps an epoch, from epoch %d of %d", out.name, len(pieces), steps, trained, epochs)
    for epoch in range(trained, epochs):
        began = time.monotonic()
        rng = np.random.default_rng((SEED, epoch))  # of each epoch, so that a resumed run draws the same pictures
        mixer, order = mixing.Mixer(pieces, rng), rng.permutation(len(pieces))
        sums: dict[str, float] = {}
        for step in range(steps):
            done = epoch * steps + step
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1, (done + 1) / WARM_UP_STEPS) * _cosine(done / (epochs * steps))
            parts = loss(model, _batch([mixer.sample(i) for i in order[step * BATCH : (step + 1) * BATCH]]))
            optimiser.zero_grad()
            torch.stack(list(parts.values())).sum().backward()
            torch.nn.utils.clip_grad_norm_(model.branch.parameters(), 10.0)
            optimiser.step()
            _follow(average.branch, model.branch, min(EMA_DECAY, (1 + done) / (10 + done)))
            for name, part in parts.items():
                sums[name] = sums.get(name, 0.0) + float(part.detach()) / steps
        text = " ".join(f"{name} {value:.3f}" for name, value in sums.items())
        log.info("epoch %d: %.0f s, %s", epoch, time.monotonic() - began, text)
        _save(checkpoint, epoch + 1, model, average, optimiser)
        if epoch % 3 == 2:
            _export(average, out, data)
    _export(average, out, data)


def _export(model: network.StreetNano, out: Path, data: Path) -> None:
    """Write the file; log how well it finds garbage (validation split) and how far its street is from YOLOX-nano's."""
    network.to_onnx(model, out, {"license": "Apache-2.0", "seed": str(SEED)})
    photos = sources.garbage495(data, "valid")
    figures = score.ap50(OnnxDetector.load(out, min_score=score.LOWEST_SCORE), photos)
    squares = [cv2.resize(photo.pixels(), (network.SIDE, network.SIDE)) for photo in sources.coco(data, back=False)[:8]]
    images = torch.from_numpy(np.stack(squares).transpose(0, 3, 1, 2).astype(np.float32))
    difference = network.street_difference(out, data / "models" / "yolox_nano.onnx", images)
    log.info("garbage AP50 %.3f on validation; street classes differ by %.2g", figures["garbage"], difference)


def _batch(samples: Sequence[mixing.Sample]) -> Batch:
    images = np.stack([sample.image.transpose(2, 0, 1) for sample in samples]).astype(np.float32)
    boxes = [sample.boxes[sample.labels == sources.GARBAGE] for sample in samples]
    heaps = [np.concatenate([(b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]], axis=1) for b in boxes]
    return Batch(
        images=torch.from_numpy(images),
        heaps=[torch.from_numpy(heap) for heap in heaps],
        unknown=torch.from_numpy(np.stack([sample.unknown for sample in samples])),
    )


def _cosine(share: float) -> float:
    return 0.05 + 0.95 * (1 + math.cos(math.pi * share)) / 2


@torch.no_grad()
def _follow(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    for old, new in zip(average.parameters(), model.parameters(), strict=True):
        old.lerp_(new, 1 - decay)


def _save(
    path: Path, epochs: int, model: torch.nn.Module, average: torch.nn.Module, optimiser: torch.optim.Optimizer
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
    part = path.with_suffix(".part")
    torch.save({"epochs": epochs, **state}, part)
    part.replace(path)


if __name__ == "__main__":
    main()
