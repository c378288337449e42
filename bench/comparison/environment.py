"""The virtual environment that PyTorch runs in, in the user's cache folder."""

import os
import subprocess
import sys
from pathlib import Path

from .errors import UserError


def cache_dir() -> Path:
    """The project's cache folder, as src/files/cache_dir.ts finds it on Linux and macOS."""
    named = os.environ.get("TFJS_VAE_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/tfjs-vae"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfjs-vae"


def pytorch_python(version: str) -> Path:
    """The Python of an environment with torch `version` and torchvision; made at the first call."""
    folder = cache_dir() / "bench/venv"
    python = folder / "bin/python"
    if not python.exists():
        print(f"making {folder}; with PyTorch it takes up to 6 GB", file=sys.stderr)
        _run(
            [sys.executable, "-m", "venv", str(folder)],
            f"{folder}: python3 -m venv failed. Debian, Ubuntu: apt install python3-venv",
        )
    # At once where both are there already. pip's own settings say where packages come from.
    _run(
        [str(python), "-m", "pip", "install", "--quiet", f"torch=={version}", "torchvision"],
        f"{folder}: pip could not install torch {version}: see its words above. Another version: --torch 2.14.1",
    )
    return python


def _run(command: list[str], problem: str) -> None:
    env = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if subprocess.run(command, env=env, stdout=sys.stderr).returncode != 0:
        raise UserError(problem)


def checkout(folder: Path) -> Path:
    """`folder`, absolute, if it is a checkout of PyTorch-VAE. @throws UserError otherwise"""
    lacking = [name for name in ("vanilla_vae.py", "dfcvae.py") if not (folder / "models" / name).is_file()]
    if lacking:
        raise UserError(
            f"--pytorch-vae: expected a checkout of github.com/AntixK/PyTorch-VAE, got {folder}, which has no "
            f"models/{lacking[0]}. Type: git clone https://github.com/AntixK/PyTorch-VAE"
        )
    return folder.resolve()
