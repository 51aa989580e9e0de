"""Writes the fixture of this folder: 20 updates of three tensors by transformers' Adafactor.

Needs the packages torch and transformers (its optimizer was removed after version 4).
"""

import hashlib
import json
import pathlib
import platform

import torch
import transformers
from transformers.optimization import Adafactor

HERE = pathlib.Path(__file__).parent
STEPS = 20
KEPT = (1, 5, 20)
SHAPES = {"dense.weight": (6, 11), "dense.bias": (7,), "embeddings.weight": (5, 4)}
# As our settings mean: a rate of one's own, no first moment, biases do not decay.
RUNS = (
    {"learningRate": 1e-3, "scalesByParameter": True, "weightDecay": 0.0, "clipNorm": 0.0},
    {"learningRate": 2e-2, "scalesByParameter": True, "weightDecay": 0.1, "clipNorm": 1.0},
    {"learningRate": 1e-3, "scalesByParameter": False, "weightDecay": 0.01, "clipNorm": 2.0},
)


def floats(tensor):
    return [float(value) for value in tensor.detach().flatten()]


def starts_and_gradients():
    generator = torch.Generator().manual_seed(5)
    starts = {name: torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    # Smaller than the least root mean square that the rate is scaled by.
    starts["dense.bias"] *= 1e-4
    gradients = []
    for step in range(STEPS):
        scale = 10.0 ** (step % 5 - 3)
        gradients.append(
            {name: scale * torch.randn(shape, generator=generator)
             for name, shape in SHAPES.items()})
        # Rows without a token have none; their squares are the least there are.
        gradients[-1]["embeddings.weight"][step % 5] = 0
    return starts, gradients


def run(settings, starts, gradients):
    tensors = {name: torch.nn.Parameter(start.clone()) for name, start in starts.items()}
    groups = [
        {"params": [tensors[name]],
         "weight_decay": 0.0 if name.endswith("bias") else settings["weightDecay"]}
        for name in SHAPES]
    optimizer = Adafactor(
        groups, lr=settings["learningRate"], scale_parameter=settings["scalesByParameter"],
        relative_step=False, warmup_init=False)
    kept = {}
    for step, found in enumerate(gradients, 1):
        for name, tensor in tensors.items():
            tensor.grad = found[name].clone()
        if settings["clipNorm"] > 0:
            torch.nn.utils.clip_grad_norm_(tensors.values(), settings["clipNorm"])
        optimizer.step()
        if step in KEPT:
            kept[str(step)] = {name: floats(tensor) for name, tensor in tensors.items()}
    return {"settings": settings, "values": kept}


def main():
    starts, gradients = starts_and_gradients()
    content = {
        "shapes": SHAPES,
        "starts": {name: floats(start) for name, start in starts.items()},
        "gradients": [{name: floats(g) for name, g in step.items()} for step in gradients],
        "runs": [run(settings, starts, gradients) for settings in RUNS],
    }
    path = HERE / "adafactor.json"
    # Nine digits tell every float32 from its neighbours.
    text = json.dumps(content, separators=(",", ":"))
    rounded = json.loads(text, parse_float=lambda number: float(f"{float(number):.9g}"))
    path.write_text(json.dumps(rounded, separators=(",", ":")) + "\n")
    manifest = {
        "generator": "make_fixtures.py",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
    }
    (HERE / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


main()
