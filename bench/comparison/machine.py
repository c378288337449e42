"""What the figures were measured on: processor, memory, versions."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from .cases import ROOT

#: Flags of Linux's /proc/cpuinfo: x86's two ways to multiply bfloat16, then ARM's.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def _cpuinfo(key: str) -> str | None:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
    found = re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE)
    return found and found[1]


def has_bfloat16() -> bool | None:
    """Whether the processor multiplies bfloat16 itself; None where the system doesn't say."""
    flags = _cpuinfo("flags") or _cpuinfo("Features")
    return None if flags is None else not _BFLOAT16_FLAGS.isdisjoint(flags.split())


def machine() -> str:
    """Processor, cores, memory and system, in words."""
    name = _cpuinfo("model name") or _output(["sysctl", "-n", "machdep.cpu.brand_string"]) or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    bfloat16 = {True: "bfloat16 in hardware", False: "no bfloat16 in hardware", None: "bfloat16 unknown"}
    return (
        f"{name}, {os.cpu_count()} cores, {bfloat16[has_bfloat16()]}, {memory:.0f} GiB of memory, "
        f"{platform.system()} {platform.release()}"
    )


def versions(pytorch_vae: Path) -> dict[str, str]:
    """By name, without those that a measurement prints itself."""
    found = {
        "tfjs-vae": _output(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]),
        "Node": _output(["node", "--version"]).removeprefix("v"),
        "PyTorch-VAE": _output(["git", "-C", str(pytorch_vae), "rev-parse", "--short", "HEAD"]),
        "Python": platform.python_version(),
    }
    return {name: version or "unknown" for name, version in found.items()}


def warn_if_busy() -> float | None:
    """The load before the first measurement; None where the system has none."""
    if not hasattr(os, "getloadavg"):
        return None
    load = os.getloadavg()[0]
    if load > 0.5:
        print(
            f"the load is {load:.1f}: others use the processor, so the figures will not be good", file=sys.stderr
        )
    return load


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
