"""What is measured: the sides, their settings, and the shapes of the work."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MODELS = ("VanillaVAE", "DFCVAE")

#: Sides of the square images, in pixels.
IMAGE_SIZES = (32, 64, 128)


@dataclass(frozen=True)
class Shape:
    model: str
    batch_size: int = 64
    image_size: int = 64


@dataclass(frozen=True)
class Case:
    """One row of the comparison."""

    label: str
    precision: str
    #: PyTorch-VAE's (see pytorch_step.SETTINGS); None: this project.
    setting: str | None = None
    cached: bool = False
    backend: str = "tensorflow"


SHIPPED = Case("PyTorch-VAE as shipped", "float32", "shipped")
CHANNELS_LAST = Case("PyTorch-VAE, channels_last", "float32", "channels_last")
TUNED = Case("PyTorch-VAE, channels_last, autocast", "bfloat16", "bfloat16")
FLOAT32 = Case("tfjs-vae", "float32")
BFLOAT16 = Case("tfjs-vae", "bfloat16")
FLOAT32_CACHED = Case("tfjs-vae, target's features cached", "float32", cached=True)
WASM = Case("tfjs-vae, wasm", "float32", backend="wasm")
WASM_CACHED = Case("tfjs-vae, wasm, target's features cached", "float32", cached=True, backend="wasm")
BFLOAT16_CACHED = Case("tfjs-vae, target's features cached", "bfloat16", cached=True)


def cases_of(model: str) -> list[Case]:
    """In the order in which a round runs them: the sides in turn, those that are compared beside each other."""
    if model == "DFCVAE":
        cached = [FLOAT32_CACHED, WASM_CACHED]
        return [SHIPPED, FLOAT32, WASM, CHANNELS_LAST, *cached, TUNED, BFLOAT16, BFLOAT16_CACHED]
    return [SHIPPED, FLOAT32, WASM, CHANNELS_LAST, TUNED, BFLOAT16]


def scaling_shapes(model: str) -> list[Shape]:
    """Batches of 16 to 256 at 64x64, then images of 32 to 128 pixels in batches of 64."""
    batches = [Shape(model, batch_size=size) for size in (16, 64, 256)]
    return batches + [Shape(model, image_size=size) for size in IMAGE_SIZES if size != 64]


_WARMUP = {"VanillaVAE": 3, "DFCVAE": 1}
_STEPS = {"VanillaVAE": 10, "DFCVAE": 3}


def steps_of(case: Case, shape: Shape, emulated: bool) -> tuple[int, int]:
    """Steps before the timed ones, and timed ones, the same for both sides: fewer where a step takes longer."""
    warmup, steps = _WARMUP[shape.model], _STEPS[shape.model]
    if case.precision == "bfloat16" and emulated:
        return 1, steps // 3
    work = shape.batch_size * shape.image_size**2 / (64 * 64**2)
    return warmup, max(1, int(steps * min(2, 1 / work)))
