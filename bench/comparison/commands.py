"""The command lines of a case; what they print as JSON has the same keys on both sides."""

from dataclasses import dataclass
from pathlib import Path

from .cases import ROOT, Case, Shape

_CONFIGS = {"VanillaVAE": "vanilla_vae.yaml", "DFCVAE": "dfcvae.yaml"}

#: By side of the images: PyTorch-VAE's decoder begins at 2x2x512 whatever the images, so the depth has to fit.
_HIDDEN_DIMS = {32: [64, 128, 256, 512], 64: [32, 64, 128, 256, 512], 128: [32, 64, 128, 256, 512, 512]}


@dataclass(frozen=True)
class Commands:
    """What both sides need besides the case."""

    python: Path
    pytorch_vae: Path
    vae: tuple[str, ...]
    threads: int

    def of(self, case: Case, shape: Shape, warmup: int, steps: int, phases: bool = False) -> list[str]:
        """`phases`: measure the parts of a step too, which takes our side longer."""
        ours = case.setting is None
        command = (self._vae if ours else self._pytorch)(case, shape)
        whole = ["--no-phases"] if ours and not phases else []
        return [*command, f"--warmup={warmup}", f"--steps={steps}", *whole]

    def _pytorch(self, case: Case, shape: Shape) -> list[str]:
        return [
            *(str(self.python), str(ROOT / "bench/comparison/pytorch_step.py")),
            *("--pytorch-vae", str(self.pytorch_vae)),
            *("--model", shape.model, "--setting", case.setting),
            *("--hidden-dims", str(_HIDDEN_DIMS[shape.image_size])),
            *("--batch-size", str(shape.batch_size), "--image-size", str(shape.image_size)),
            *("--threads", str(self.threads)),
        ]

    def _vae(self, case: Case, shape: Shape) -> list[str]:
        values = {
            "trainer_params.precision": case.precision,
            "model_params.hidden_dims": _HIDDEN_DIMS[shape.image_size],
            "data_params.train_batch_size": shape.batch_size,
            "data_params.patch_size": shape.image_size,
        }
        if shape.model == "DFCVAE":
            values["data_params.feature_cache"] = "memory" if case.cached else "off"
        config = ROOT / "bench/configs" / _CONFIGS[shape.model]
        sets = [f"--set={key}={value}" for key, value in values.items()]
        return [*self.vae, "bench", "--json", f"--backend={case.backend}", f"--config={config}", *sets]
