"""Times the training step of PyTorch-VAE's models on PyTorch; speaks protocol.py.

    python pytorch_side.py --model DFCVAE --variant compiled_bfloat16 --batch 64 [--device cpu]
"""

import argparse
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from protocol import serve
from pytorch_models import FrozenVGG19, VanillaVAE, loss_of

LR = 0.005
#: Batches that the steps go through in turn.
BATCHES = 4
WARMUP = 10


@dataclass(frozen=True)
class Variant:
    """Everything False: as PyTorch-VAE ships it, float32, where PyTorch's convolutions (not its products) take TF32."""

    channels_last: bool = True
    bfloat16: bool = False
    #: Of torch.compile; None: eager. "reduce-overhead" replays CUDA graphs.
    mode: str | None = None
    fused_adam: bool = True
    #: Let cuDNN try its algorithms, and products take TF32.
    tuned: bool = True


VARIANTS = {
    "shipped": Variant(channels_last=False, fused_adam=False, tuned=False),
    "eager_bfloat16": Variant(bfloat16=True),
    "compiled_float32": Variant(mode="default"),
    "compiled_bfloat16": Variant(mode="default", bfloat16=True),
    "graphs_bfloat16": Variant(mode="reduce-overhead", bfloat16=True),
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("VanillaVAE", "DFCVAE"), required=True)
    parser.add_argument("--variant", choices=VARIANTS, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--device", default="cuda")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    variant = VARIANTS[args.variant]
    device = args.device
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = variant.tuned
    torch.backends.cuda.matmul.allow_tf32 = variant.tuned
    layout = torch.channels_last if variant.channels_last else torch.contiguous_format
    model = VanillaVAE().to(device, memory_format=layout)
    network = FrozenVGG19().to(device, memory_format=layout) if args.model == "DFCVAE" else None
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=variant.fused_adam)
    shape = (args.batch, 3, 64, 64)
    batches = [
        (torch.rand(shape, device=device) * 2 - 1).contiguous(memory_format=layout) for _ in range(BATCHES)
    ]

    def loss(x: torch.Tensor) -> torch.Tensor:
        return loss_of(model, network, x)

    compute = loss if variant.mode is None else torch.compile(loss, mode=variant.mode)
    replays = variant.mode == "reduce-overhead"
    taken = 0

    def step() -> torch.Tensor:
        nonlocal taken
        x = batches[taken % BATCHES]
        taken += 1
        if replays:
            torch.compiler.cudagraph_mark_step_begin()
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16) if variant.bfloat16 else nullcontext():
            value = compute(x)
        value.backward()
        optimizer.step()
        return value.detach().clone() if replays else value.detach()  # the next replay writes over it

    began = time.perf_counter()
    step().item()
    first = time.perf_counter() - began
    for _ in range(WARMUP if device == "cuda" else 1):
        last = step()
    last.item()
    ready = {"first_step_seconds": first, "version": f"PyTorch {torch.__version__}"}
    if device == "cuda":
        ready["peak_bytes"] = torch.cuda.max_memory_allocated()
    serve(step, torch.Tensor.item, ready)


if __name__ == "__main__":
    main()
    os._exit(0)  # PyTorch's compile workers take seconds to end
