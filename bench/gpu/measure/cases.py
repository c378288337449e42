"""What is measured."""

from dataclasses import dataclass

CONFIGS = {"VanillaVAE": "bench/configs/vanilla_vae.yaml", "DFCVAE": "bench/configs/dfcvae.yaml"}


@dataclass(frozen=True)
class Case:
    model: str
    batch: int
    precision: str

    def __str__(self) -> str:
        return f"{self.model} {self.batch} {self.precision}"


def cases_of(batches: tuple[int, int]) -> list[Case]:
    """The most telling first: what there is no time for is left out at the end."""
    small, large = batches
    order = [("DFCVAE", small), ("DFCVAE", large), ("VanillaVAE", small), ("VanillaVAE", large)]
    return [Case(model, batch, p) for model, batch in order for p in ("bfloat16", "float32")]


#: PyTorch's variants by what they compute in; those of the second list at the small batch only.
PYTORCH = {"bfloat16": ["compiled_bfloat16"], "float32": ["compiled_float32"]}
PYTORCH_SMALL = {"bfloat16": ["graphs_bfloat16", "eager_bfloat16"], "float32": ["shipped"]}

LABELS = {
    "shipped": "PyTorch eager, as PyTorch-VAE ships it",
    "eager_bfloat16": "PyTorch eager, channels_last, autocast",
    "compiled_float32": "torch.compile, channels_last",
    "compiled_bfloat16": "torch.compile, channels_last, autocast",
    "graphs_bfloat16": "torch.compile with CUDA graphs, channels_last, autocast",
    "jax": "jax",
    "ours": "tfjs-vae",
}
