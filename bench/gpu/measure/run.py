"""Measures this project's training steps beside PyTorch's and jax's on one device, checks their losses, trains two
configs, and writes results.md, results.json, pictures and logs to --out. run.sh calls it.

What there is no time for is left out, and said so.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import losses
import report
from cases import CONFIGS, PYTORCH, PYTORCH_SMALL, Case, cases_of
from results import Measurement
from side import Side
from vae import Failed, Vae

HERE = Path(__file__).parent
#: Steps of a round: timed one at a time, and as many queued.
STEPS = {"cuda": 50, "cpu": 2}
#: Of a training run that is timed with its data loader.
TRAINING_STEPS = {"cuda": 400, "cpu": 12}
BATCHES = {"cuda": (64, 256), "cpu": (4, 8)}
ROUNDS = 2
SIDES = ("pytorch", "jax")
#: That `vae evaluate` computes of a whole run.
FIGURES = "elbo,psnr,ssim,frechet"
#: How much longer than an H100's machine anything may take.
PATIENCE = {"cuda": 1, "cpu": 8}


@dataclass(frozen=True)
class Clock:
    began: float
    budget: float

    def left(self) -> float:
        return self.budget - (time.monotonic() - self.began)


def note(text: str) -> None:
    print(f"-- {text}", flush=True)


class Bench:
    def __init__(self, args: argparse.Namespace) -> None:
        self.card = args.card
        self.patience = PATIENCE[args.card]
        self.clock = Clock(time.monotonic(), args.budget)
        self.out = args.out
        self.logs = args.work / "logs"
        for folder in (self.out, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.vae = Vae(tuple(shlex.split(args.vae)), args.home, f"xla:{args.card}", self.logs)
        self.cases = [case for case in cases_of(BATCHES[args.card]) if case.model in args.model]
        self.ours = {case: Measurement("ours", case) for case in self.cases}
        self.beside = args.beside
        self.sides: list[Side] = []
        self.checked: list[dict] = []
        self.trained: list[str] = []
        self.left_out: list[str] = []
        #: Seconds at the end that are kept for what comes last.
        self.reserved = 0.0

    def have(self, seconds: float, what: str) -> bool:
        """Whether there is time for what takes about so long; what there is none for is noted."""
        if self.clock.left() >= seconds + self.reserved:
            return True
        self.left_out.append(what)
        note(f"{what}: left out, {self.clock.left():.0f} s are left")
        return False

    def attempt(self, what: str, seconds: float, do: Callable[[], None]) -> bool:
        if not self.have(seconds, what):
            return False
        began = time.monotonic()
        try:
            do()
        except (Failed, OSError, ValueError, KeyError) as error:
            note(f"{what}: {error}")
            return False
        finally:
            self.write()
        note(f"{what}: {time.monotonic() - began:.0f} s")
        return True

    # Sides

    def start(self, name: str, case: Case, script: str, *args: str) -> Side:
        log = self.logs / f"{name}_{str(case).replace(' ', '_')}.log"
        command = [sys.executable, str(HERE / script), f"--model={case.model}", f"--batch={case.batch}", *args]
        side = Side(name, case, command, log)
        self.sides.append(side)
        return side

    def compile_all(self) -> None:
        """PyTorch's sides all at once, which takes processors and not the device; ours meanwhile, one by one."""
        small = min(case.batch for case in self.cases)
        started = []
        for case in self.cases if "pytorch" in self.beside else []:
            variants = PYTORCH[case.precision] if self.card == "cuda" else []
            if case.batch == small:
                extra = PYTORCH_SMALL[case.precision]
                variants = variants + [v for v in extra if self.card == "cuda" or not v.startswith("graphs")]
            for variant in variants:
                args = (f"--variant={variant}", f"--device={self.card}")
                started.append(self.start(variant, case, "pytorch_side.py", *args))
        limit = time.monotonic() + 100 * self.patience
        for case in self.cases[1:]:  # the first has computed
            found = self.vae.bench(case, steps=1, warmup=1, limit=100 * self.patience)
            self.ours[case].first_step_seconds = found["first_step_seconds"]
        for side in started:
            side.await_ready(limit - time.monotonic())

    def start_jax(self, case: Case) -> None:
        """One by one: XLA tries algorithms on the device while it compiles."""
        side = self.start("jax", case, "jax_side.py", f"--precision={case.precision}")
        side.await_ready(60 * self.patience)

    def time_sides(self, case: Case) -> None:
        for side in self.sides:
            if side.case == case:
                side.time(STEPS[self.card], 60 * self.patience)

    # Ours

    def probe(self) -> None:
        """The first call of ours: does it find the plugin and NVIDIA's libraries by itself, as a user's would?"""
        case = self.cases[0]
        try:
            self.bench(case)
        except Failed as error:
            note(f"by itself it does not compute ({error}); now with the libraries' folders in its environment")
            self.vae = replace(self.vae, environment=nvidia_environment())
            self.bench(case)

    def bench(self, case: Case) -> None:
        steps = STEPS[self.card]
        found = self.vae.bench(case, steps=2 * steps, warmup=max(2, steps // 4), limit=100 * self.patience)
        of = self.ours[case]
        of.queued.append(found["images_per_second"]["median"])
        if of.first_step_seconds is None:  # later ones find the executable on disk
            of.first_step_seconds = found["first_step_seconds"]
        of.peak_bytes = found.get("peak_device_memory_bytes")
        of.version = f"{found['backend']} {found['version']}"
        if not found["compiled"]:
            of.failure = "not compiled"

    def training(self, case: Case) -> None:
        """Images/s of a run with its data loader, log and all, without the first rows."""
        steps = TRAINING_STEPS[self.card]
        every = {"trainer_params.log_every_n_steps": steps // 4}
        rows = self.vae.train("training", case, steps, limit=100 * self.patience, **every).rows()
        self.ours[case].training.append(
            statistics.median(row["train/images_per_second"] for row in rows[1:])
        )

    def check_losses(self, model: str, precision: str) -> None:
        found = losses.first_losses(self.vae, model, precision, limit=100 * self.patience)
        self.checked.append(losses.compare(found, model, precision))

    # Whole runs

    def whole_run(self, name: str, seconds: float, *args: str) -> None:
        """Trains for so many seconds, then evaluates and draws samples; two pictures of it are results."""
        began = time.monotonic()
        run = self.vae.run(name, *args, limit=60 * self.patience, stop_after=seconds)
        took = time.monotonic() - began
        rows = run.rows()
        steps = [row for row in rows if "train/total" in row]
        rate = statistics.median(row["train/images_per_second"] for row in steps)
        wait = statistics.median(row["train/data_wait_share"] for row in steps)
        self.trained.append(
            f"{name}: {steps[-1]['step']:,.0f} steps in {took:.0f} s with start, compilation, validation; "
            f"{rate:,.0f} images/s while it trains, {wait:.0%} of it waiting for images; "
            f"train/total {steps[0]['train/total']:.4f} -> {steps[-1]['train/total']:.4f}"
        )
        folder = str(run.folder)
        backend = f"--backend={self.vae.backend}"
        for command in ("sample", "reconstruct"):
            picture = str(self.out / f"{name}_{command}.png")
            self.vae.call(f"{name}_{command}", command, folder, backend, "--out", picture, limit=60 * self.patience)
        figures = self.vae.call(
            f"{name}_evaluate", "evaluate", folder, backend, f"--metrics={FIGURES}", limit=60 * self.patience
        )
        self.trained.append(f"{name}, evaluated:\n\n```\n{figures.strip()}\n```")

    def whole_runs(self, seconds: float) -> None:
        often = ("--set=trainer_params.max_epochs=1000", "--set=trainer_params.check_val_every_n_epoch=10")
        precision = "--set=trainer_params.precision=bfloat16"
        many = f"--set=data_params.size={162770 if self.card == 'cuda' else 1000}"
        runs = {
            "dfcvae": ("--config=configs/dfcvae.yaml", "--set=exp_params.scheduler_gamma=0.99", *often),
            "celeba_sized": ("--config=configs/dfcvae_paper_offline.yaml", many, precision),
        }
        for name, args in runs.items():
            what = f"{name} for {seconds:.0f} s"
            self.attempt(what, seconds + 15, partial(self.whole_run, name, seconds, *args))

    # All

    def run(self, training_seconds: float) -> None:
        """The most telling first."""
        self.reserved = 2 * (training_seconds + 20) if training_seconds else 0
        self.attempt("ours computes", 60, self.probe)
        self.attempt("PyTorch and ours compile", 70, self.compile_all)
        for number in range(ROUNDS):
            for case in self.cases:
                self.round(case, number)
            if number == 0:
                self.real_training()
        for side in self.sides:
            side.close()
        self.reserved = 0
        if training_seconds:
            self.whole_runs(training_seconds)
        self.pack_logs()

    def round(self, case: Case, number: int) -> None:
        if "jax" in self.beside and number == 0 and (self.is_small(case) or case.model == "DFCVAE"):
            self.attempt(f"{case}, jax compiles", 25, lambda: self.start_jax(case))
        self.attempt(f"{case}, ours", 8, lambda: self.bench(case))
        self.attempt(f"{case}, the others", 5, lambda: self.time_sides(case))

    def real_training(self) -> None:
        small = [case for case in self.cases if self.is_small(case)]
        for case in small:
            self.attempt(f"{case}, ours in training", 20, partial(self.training, case))
        for case in small:
            check = partial(self.check_losses, case.model, case.precision)
            self.attempt(f"{case}, ours: first losses", 25, check)

    def is_small(self, case: Case) -> bool:
        return case.batch == min(c.batch for c in self.cases)

    def write(self) -> None:
        measured = [*self.ours.values(), *(side.measured for side in self.sides)]
        versions = sorted({m.version for m in measured if m.version})
        parts = [
            f"{device_name()}; {', '.join(versions)}; tfjs-vae {(HERE.parent / 'VERSION').read_text().strip()}",
            report.table(measured, self.cases),
            report.ratios(measured, self.cases),
            report.losses_table(self.checked),
            *self.trained,
        ]
        if self.left_out:
            parts.append(f"Left out for lack of time: {'; '.join(self.left_out)}.")
        (self.out / "results.md").write_text("\n\n".join(parts) + "\n")
        everything = {"measured": report.as_json(measured), "losses": self.checked, "trained": self.trained}
        (self.out / "results.json").write_text(json.dumps(everything, indent=1))

    def pack_logs(self) -> None:
        """Logs, and of each run what is small."""
        keep = {".log", ".csv", ".json", ".yaml"}
        with tarfile.open(self.out / "logs.tar.xz", "w:xz") as archive:
            for file in sorted(self.logs.rglob("*")):
                if file.suffix in keep:
                    archive.add(file, file.relative_to(self.logs.parent))


def nvidia_environment() -> dict[str, str]:
    """What NVIDIA's plugin needs where it finds nothing by its own place: that of the Python that runs this."""
    site = Path(sysconfig.get_paths()["purelib"])
    plugin = next(site.glob("jax_plugins/*/xla_cuda_plugin.so"), "")
    toolkit = next(site.glob("nvidia/cu1?"), "")
    folders = [str(folder) for folder in site.glob("nvidia/*/lib")]
    return {
        "TFJS_VAE_XLA_CUDA": str(plugin),
        "LD_LIBRARY_PATH": ":".join(folders),
        "XLA_FLAGS": f"--xla_gpu_cuda_data_dir={toolkit}",
    }


def device_name() -> str:
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no NVIDIA GPU"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--card", choices=("cuda", "cpu"), default="cuda", help="cpu: a rehearsal")
    parser.add_argument("--vae", required=True, help="the vae command")
    parser.add_argument("--home", type=Path, required=True, help="folder of the project's configs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for logs and runs")
    parser.add_argument("--model", choices=CONFIGS, nargs="+", default=list(CONFIGS))
    parser.add_argument("--beside", choices=SIDES, nargs="*", default=list(SIDES), help="what it is measured beside")
    parser.add_argument("--budget", type=float, default=345, help="seconds")
    parser.add_argument("--training", type=float, default=60, help="seconds of each whole run; 0: none")
    args = parser.parse_args()
    bench = Bench(args)
    try:
        bench.run(args.training)
    finally:
        for side in bench.sides:
            side.close()
    print((args.out / "results.md").read_text())


if __name__ == "__main__":
    main()
