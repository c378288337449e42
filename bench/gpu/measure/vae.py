"""Calls of this project's own command."""

import csv
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cases import CONFIGS, Case


class Failed(Exception):
    """A command that ended with an error, or too late."""


@dataclass(frozen=True)
class Vae:
    command: tuple[str, ...]
    #: The folder that configs lie in.
    home: Path
    backend: str
    logs: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def call(self, name: str, *args: str, limit: float, stop_after: float | None = None) -> str:
        """What it prints; its standard error is logs/NAME.log. `stop_after` these seconds it gets SIGINT, which saves.

        @raises Failed
        """
        with (self.logs / f"{name}.log").open("w") as log, tempfile.TemporaryFile("w+") as out:
            log.write(f"vae {' '.join(args)}\n")
            log.flush()
            process = subprocess.Popen(
                [*self.command, *args], cwd=self.home, stdout=out, stderr=log, env=os.environ | self.environment
            )
            try:
                if stop_after is not None and not _ended(process, stop_after):
                    process.send_signal(signal.SIGINT)
                if not _ended(process, limit):
                    raise Failed(f"nothing after {limit:.0f} s")
            finally:
                process.kill()
                process.wait()
            out.seek(0)
            printed = out.read()
            log.write(printed)
        interrupted = stop_after is not None and process.returncode == 128 + signal.SIGINT
        if process.returncode != 0 and not interrupted:
            raise Failed(f"ended with code {process.returncode}: see {name}.log")
        return printed

    def bench(self, case: Case, steps: int, warmup: int, limit: float) -> dict:
        args = [f"--steps={steps}", f"--warmup={warmup}", "--no-phases", "--json", *self._of(case)]
        return json.loads(self.call(_name("bench", case), "bench", *args, limit=limit))

    def run(self, name: str, *args: str, limit: float, stop_after: float | None = None) -> "Run":
        folder = self.logs / "runs" / name
        settings = [f"--backend={self.backend}", f"--set=logging_params.save_dir={folder}"]
        self.call(name, "run", *settings, *args, limit=limit, stop_after=stop_after)
        found = sorted(folder.glob("*/version_*"), key=os.path.getmtime)
        if not found:
            raise Failed(f"no run in {folder}")
        return Run(found[-1])

    def train(self, name: str, case: Case, steps: int, limit: float, **settings: object) -> "Run":
        """A run of `steps` steps without validation."""
        sets = {"trainer_params.max_steps": steps, "trainer_params.limit_val_batches": 0, **settings}
        args = [f"--set={key}={value}" for key, value in sets.items()]
        return self.run(_name(name, case), *self._config(case), *args, limit=limit)

    def _of(self, case: Case) -> list[str]:
        return [f"--backend={self.backend}", *self._config(case)]

    def _config(self, case: Case) -> list[str]:
        sets = {
            "data_params.train_batch_size": case.batch,
            "data_params.size": max(2000, 50 * case.batch),
            "trainer_params.precision": case.precision,
        }
        if case.model == "DFCVAE":
            sets["data_params.feature_cache"] = "off"
        return [f"--config={CONFIGS[case.model]}", *(f"--set={key}={value}" for key, value in sets.items())]


@dataclass(frozen=True)
class Run:
    folder: Path

    def rows(self) -> list[dict[str, float]]:
        """Of metrics.csv, without what is empty."""
        with (self.folder / "metrics.csv").open() as file:
            return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]


def _ended(process: subprocess.Popen, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _name(what: str, case: Case) -> str:
    return f"{what}_{str(case).replace(' ', '_')}"
