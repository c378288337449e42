"""The losses of a config's first steps on this backend beside those of a CPU: same config, same seed.

    python losses.py --write --vae "node bin/vae.js" --backend wasm     writes losses.json anew, in a checkout

LR is 0.0001 there and here: at the configs' own, Adam's first steps move every weight by the whole rate wherever its
gradient is not zero, and two computations that differ by a rounding are apart by percents after two steps.
"""

import argparse
import json
import math
import shlex
import tempfile
from pathlib import Path

from cases import Case
from vae import Run, Vae

FILE = Path(__file__).parent / "losses.json"
BATCH = 32
STEPS = 6
#: Most that a loss may be apart from the CPU's, as a share of it: TF32 has 10 bits of mantissa, bfloat16 7.
TOLERANCE = {"float32": 0.003, "bfloat16": 0.02}
TERMS = ("total", "reconstruction", "features", "kl")


def first_losses(vae: Vae, model: str, precision: str, limit: float) -> list[dict[str, float]]:
    """By step, the terms of the loss."""
    settings = {"trainer_params.log_every_n_steps": 1, "exp_params.LR": 0.0001}
    run: Run = vae.train("losses", Case(model, BATCH, precision), STEPS, limit, **settings)
    return [{t: row[f"train/{t}"] for t in TERMS if f"train/{t}" in row} for row in run.rows()]


def compare(found: list[dict[str, float]], model: str, precision: str) -> dict:
    """`worst`: the largest difference from the CPU's, as a share, of all steps and terms."""
    expected = json.loads(FILE.read_text())[model]
    worst = max(
        _apart(row.get(term, math.nan), wanted[term])
        for row, wanted in zip(found, expected, strict=True)
        for term in wanted
    )
    return {
        "model": model,
        "precision": precision,
        "losses": [row["total"] for row in found],
        "cpu": [row["total"] for row in expected],
        "worst": worst,
        "tolerance": TOLERANCE[precision],
        "good": worst <= TOLERANCE[precision],
    }


def _apart(found: float, wanted: float) -> float:
    return math.inf if math.isnan(found) else abs(found - wanted) / abs(wanted)


def write(command: str, backend: str) -> None:
    root = Path(__file__).resolve().parents[3]
    with tempfile.TemporaryDirectory() as logs:
        vae = Vae(tuple(shlex.split(command)), root, backend, Path(logs))
        losses = {m: first_losses(vae, m, "float32", limit=900) for m in ("VanillaVAE", "DFCVAE")}
    FILE.write_text(json.dumps(losses, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", required=True)
    parser.add_argument("--vae", default="node bin/vae.js")
    parser.add_argument("--backend", default="wasm")
    args = parser.parse_args()
    write(args.vae, args.backend)
