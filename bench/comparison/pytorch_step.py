"""Times the training step of PyTorch-VAE's own model code; runs inside the comparison's virtual environment.

    python pytorch_step.py --pytorch-vae DIR --model DFCVAE --setting shipped --steps 10

Prints one JSON object with the keys of `vae bench --json`: images_per_second {median, min, max}, phases (median
seconds of a step), loss (of the last step), steps, versions. Not PyTorch-VAE's: the loop, which does what its
VAEXperiment.training_step and configure_optimizers do, without Lightning.
"""

import argparse
import importlib
import json
import statistics
import sys
import time
import types
from contextlib import nullcontext
from pathlib import Path

import torch
import torchvision

# PyTorch-VAE's configs/vae.yaml and configs/dfc_vae.yaml.
LR = 0.005
WEIGHT_DECAY = 0.0
KLD_WEIGHT = 0.00025
LATENT_DIM = 128
MANUAL_SEED = 1265

#: Batches that the steps go through in turn, so that no step finds its own images in the processor's cache.
BATCHES = 4

MODULES = {"VanillaVAE": "vanilla_vae", "DFCVAE": "dfcvae"}
SETTINGS = {
    "shipped": dict(channels_last=False, bfloat16=False, compiled=False),
    "channels_last": dict(channels_last=True, bfloat16=False, compiled=False),
    "compiled": dict(channels_last=True, bfloat16=False, compiled=True),
    "bfloat16": dict(channels_last=True, bfloat16=True, compiled=False),
}


def model_class(checkout: Path, name: str) -> type:
    """The class `name` of the checkout, without the package's __init__, which imports all other variants too."""
    package = types.ModuleType("models")
    package.__path__ = [str(checkout / "models")]
    sys.modules["models"] = package
    package.BaseVAE = importlib.import_module("models.base").BaseVAE
    module = importlib.import_module(f"models.{MODULES[name]}")
    if hasattr(module, "vgg19_bn"):
        # It asks for pretrained=True, which downloads 548 MB; the time of a step doesn't depend on the weights.
        module.vgg19_bn = lambda pretrained: torchvision.models.vgg19_bn(weights=None)
    return getattr(module, name)


def build(checkout: Path, name: str, hidden_dims: list, channels_last: bool) -> torch.nn.Module:
    """The model in training mode, its frozen network (if any) in evaluation mode, as its constructor left it."""
    # A copy: the constructor reverses the list it is given.
    model = model_class(checkout, name)(in_channels=3, latent_dim=LATENT_DIM, hidden_dims=list(hidden_dims))
    model.train()
    # Lightning's train() reaches the frozen network as well; kept in evaluation mode, which is faster.
    if hasattr(model, "feature_network"):
        model.feature_network.eval()
    return model.to(memory_format=torch.channels_last) if channels_last else model


def measure(args: argparse.Namespace) -> dict:
    torch.set_num_threads(args.threads)
    torch.manual_seed(MANUAL_SEED)
    setting = SETTINGS[args.setting]
    model = build(args.pytorch_vae, args.model, args.hidden_dims, setting["channels_last"])
    forward = torch.compile(model) if setting["compiled"] else model
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
    layout = torch.channels_last if setting["channels_last"] else torch.contiguous_format
    shape = (args.batch_size, 3, args.image_size, args.image_size)
    batches = [torch.rand(shape).contiguous(memory_format=layout) for _ in range(BATCHES)]

    def precision():
        return torch.autocast("cpu", dtype=torch.bfloat16) if setting["bfloat16"] else nullcontext()

    def step(images: torch.Tensor) -> tuple:
        """Seconds of the gradient and of the optimizer, and the logged losses."""
        start = time.perf_counter()
        with precision():
            losses = model.loss_function(*forward(images), M_N=KLD_WEIGHT)
        logged = {name: value.item() for name, value in losses.items()}
        optimizer.zero_grad()
        losses["loss"].backward()
        middle = time.perf_counter()
        optimizer.step()
        return middle - start, time.perf_counter() - middle, logged

    timed = []
    for i in range(args.warmup + args.steps):
        gradient, update, logged = step(batches[i % BATCHES])
        if i >= args.warmup:
            timed.append((gradient, update))
    rates = [args.batch_size / sum(seconds) for seconds in timed]
    return {
        "images_per_second": {"median": statistics.median(rates), "min": min(rates), "max": max(rates)},
        "phases": {
            "forward_backward": statistics.median(gradient for gradient, _ in timed),
            "optimizer": statistics.median(update for _, update in timed),
        },
        "loss": logged["loss"],
        "steps": len(timed),
        "versions": {"PyTorch": torch.__version__, "torchvision": torchvision.__version__},
    }


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pytorch-vae", type=Path, required=True, help="a checkout of AntixK/PyTorch-VAE")
    parser.add_argument("--model", choices=MODULES, required=True)
    parser.add_argument("--setting", choices=SETTINGS, required=True)
    parser.add_argument("--hidden-dims", type=json.loads, default=[32, 64, 128, 256, 512], help="a JSON list")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=2, help="steps before the timed ones")
    parser.add_argument("--steps", type=int, default=10, help="timed steps")
    return parser.parse_args()


if __name__ == "__main__":
    json.dump(measure(parse_args()), sys.stdout)
