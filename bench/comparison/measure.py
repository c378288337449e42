"""One measurement: a command in a process of its own, bounded in threads and time."""

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field

LIMIT_S = 300

#: Whose version `vae bench` tells, by backend.
_LIBRARIES = {"tensorflow": "TensorFlow", "wasm": "tfjs"}


@dataclass(frozen=True)
class Measurement:
    """What one process measured; `failure` says in a few words why there is nothing."""

    images_per_second: float = math.nan  # median of the timed steps
    phases: dict[str, float] = field(default_factory=dict)  # seconds of a step; empty: not measured
    peak_bytes: int = 0  # resident, as the system accounts for it, with the time before the first step
    versions: dict[str, str] = field(default_factory=dict)
    compiled: bool = True  # whether our step ran as one compiled function; PyTorch's says nothing of it
    failure: str | None = None


def limit_threads(threads: int) -> None:
    """Binds this process and all it starts to the first `threads` processors, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(threads)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # both sides on the processor


def measure(command: list[str]) -> Measurement:
    """Runs `command`, which prints the JSON of `vae bench --json`; its stderr is shown where it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        timer = threading.Timer(LIMIT_S, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            process.kill()
            raise
        finally:
            overtime = not timer.is_alive()
            timer.cancel()
        out.seek(0)
        err.seek(0)
        printed, said = out.read(), err.read()
    if overtime:
        return Measurement(failure=f"more than {LIMIT_S} s")
    if process.returncode != 0:
        sys.stderr.write(f"{' '.join(command)}\n{printed}{said}")
        return Measurement(failure=f"exit code {process.returncode}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return read(printed, peak)


def read(printed: str, peak_bytes: int) -> Measurement:
    """@throws ValueError where it isn't the JSON agreed on: a fault of the program, not of its measurement"""
    result = json.loads(printed)
    if not math.isfinite(result.get("loss", 0)):
        return Measurement(failure="the loss is not finite")
    return Measurement(
        images_per_second=result["images_per_second"]["median"],
        phases={k: v for k, v in result["phases"].items() if k in ("forward_backward", "optimizer")},
        peak_bytes=peak_bytes,
        versions=result.get("versions") or {_LIBRARIES[result["backend"]]: result["version"]},
        compiled=result.get("compiled", True),
    )
