#!/usr/bin/env python3
"""Compares the training step with PyTorch-VAE's own code on this machine's processor, in one run.

    git clone https://github.com/AntixK/PyTorch-VAE
    python3 bench/compare.py --pytorch-vae PyTorch-VAE

Each measurement is a process of its own; the sides take turns, over several rounds. PyTorch comes by pip into a
virtual environment in the user's cache folder. The tables go to docs/performance.md. Other work on the
machine spoils the figures.
"""

import argparse
import json
import shlex
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

from comparison.cases import FLOAT32, IMAGE_SIZES, MODELS, ROOT, SHIPPED
from comparison.cases import Case, Shape, cases_of, scaling_shapes, steps_of
from comparison.commands import Commands
from comparison.document import replace_section
from comparison.environment import checkout, pytorch_python
from comparison.errors import UserError
from comparison.machine import has_bfloat16, machine, versions, warn_if_busy
from comparison.measure import Measurement, limit_threads, measure
from comparison.tables import Rounds, comparison_table, scaling_table

PARTS = ("comparison", "scaling")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pytorch-vae", type=Path, required=True, help="a checkout of AntixK/PyTorch-VAE")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part (repeatable)")
    parser.add_argument("--model", choices=MODELS, action="append", help="only this model; printed, not written")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the comparison (3)")
    parser.add_argument("--threads", type=int, default=2, help="processors and threads of each side (2)")
    parser.add_argument("--torch", default="2.15.*", help="version of PyTorch (2.15.*)")
    parser.add_argument("--vae", default=f"node {shlex.quote(str(ROOT / 'bin/vae.js'))}", help="the vae command")
    parser.add_argument("--print", action="store_true", help="print the tables, leave docs/performance.md alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every measurement to FILE")
    return parser.parse_args()


def compare(model: str, rounds: int, run) -> dict[Case, Rounds]:
    """Every case in turn, `rounds` times. Emulated bfloat16 is slow, so it takes part in the first round only."""
    measured: dict[Case, Rounds] = {case: [] for case in cases_of(model)}
    for number in range(rounds):
        for case, results in measured.items():
            takes_part = number == 0 or case.precision == "float32" or has_bfloat16() is not False
            results.append(run(case, Shape(model), phases=number == 0) if takes_part else None)
    return measured


def scale(model: str, run) -> dict[Shape, tuple[Measurement, Measurement]]:
    """Both sides in turn at each shape, float32."""
    return {shape: (run(SHIPPED, shape), run(FLOAT32, shape)) for shape in scaling_shapes(model)}


def warm_up(commands: Commands, sizes: tuple[int, ...]) -> None:
    """Not counted: our first call at a size renders its images, and files come into the system's cache."""
    first = [(SHIPPED, Shape("VanillaVAE"))]
    first += [(FLOAT32, Shape("VanillaVAE", image_size=size)) for size in sizes]
    for case, shape in first:
        result = measure(commands.of(case, shape, warmup=1, steps=1))
        if result.failure:
            raise UserError(f"{case.label} does not run ({result.failure}): see its words above.")


def main() -> int:
    args = parse_args()
    if min(args.rounds, args.threads) < 1:
        raise UserError(f"--rounds, --threads: expected 1 or more, got {args.rounds} and {args.threads}.")
    limit_threads(args.threads)
    vae = tuple(shlex.split(args.vae))
    pytorch_vae = checkout(args.pytorch_vae)
    commands = Commands(pytorch_python(args.torch), pytorch_vae, vae, args.threads)
    models = [m for m in MODELS if m in (args.model or MODELS)]
    parts = [p for p in PARTS if p in (args.part or PARTS)]
    taken: list[dict] = []

    def run(case: Case, shape: Shape, phases: bool = False) -> Measurement:
        warmup, steps = steps_of(case, shape, emulated=has_bfloat16() is False)
        result = measure(commands.of(case, shape, warmup, steps, phases))
        taken.append({"case": asdict(case), "shape": asdict(shape), **asdict(result)})
        if args.json:  # each time, so that a run that is stopped leaves what it has
            args.json.write_text(json.dumps({"machine": machine(), "runs": taken}, indent=1))
        rate = result.failure or f"{result.images_per_second:.1f} images/s"
        where = f"{shape.model} {shape.batch_size} of {shape.image_size}x{shape.image_size}"
        print(f"{where}  {case.label}, {case.precision}: {rate}", file=sys.stderr, flush=True)
        return result

    load = warn_if_busy()
    warm_up(commands, IMAGE_SIZES if "scaling" in parts else (Shape("VanillaVAE").image_size,))
    texts = {}
    if "comparison" in parts:
        texts["comparison"] = comparison_table({model: compare(model, args.rounds, run) for model in models})
    if "scaling" in parts:
        texts["scaling"] = scaling_table({k: v for model in models for k, v in scale(model, run).items()})

    found = versions(pytorch_vae)
    for measured in taken:
        found |= measured["versions"]
    made_with = ", ".join(f"{name} {version}" for name, version in found.items())
    busy = "" if load is None else f" Load before the run: {load:.1f}."
    stamp = f"Measured {date.today()} on {machine()}; {args.threads} threads. {made_with}.{busy}"
    for part, table in texts.items():
        text = f"{stamp}\n\n{table}"
        print(text)
        if not args.print and args.model is None:
            replace_section(ROOT / "docs/performance.md", part, text)
    return 1 if any(t["failure"] for t in taken) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
