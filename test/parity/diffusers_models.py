"""Small models of the real diffusers with random weights, and what they make of two images: diffusers/NAME/ beside this
file, each with config.json and diffusion_pytorch_model.safetensors as diffusers saves them, and reference.safetensors.

    pip install diffusers torch safetensors
    python test/parity/diffusers_models.py
"""

import pathlib

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, __version__
from safetensors.torch import save_file

MODELS = {
    # every part that can be there or not, once so and once so
    "kl": AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(4, 8, 8),
        layers_per_block=2,
        norm_num_groups=2,
        latent_channels=3,
        sample_size=32,
    ),
    "kl_plain": AutoencoderKL(
        block_out_channels=(4,),
        norm_num_groups=4,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    ),
    "tiny": AutoencoderTiny(
        encoder_block_out_channels=(4, 4, 4),
        decoder_block_out_channels=(4, 4, 4),
        num_encoder_blocks=(1, 1, 2),
        num_decoder_blocks=(2, 1, 1),
        latent_channels=2,
    ),
}

torch.manual_seed(0)
root = pathlib.Path(__file__).parent / "diffusers"
for name, model in MODELS.items():
    model = model.eval()
    with torch.no_grad():
        for weight in model.parameters():  # norms and biases too, which begin with ones and zeros
            weight.add_(0.2 * torch.randn_like(weight))
        x = torch.rand(2, 3, 16, 16) * 2 - 1
        encoded = model.encode(x)
        if name == "tiny":
            found = {"z": encoded.latents}
        else:
            q = encoded.latent_dist
            found = {"z": q.mean, "log_var": q.logvar}
        y = model.decode(found["z"]).sample
    model.save_pretrained(root / name)
    tensors = {"x": x, "y": y, **found}
    save_file({k: v.contiguous() for k, v in tensors.items()}, root / name / "reference.safetensors", {"diffusers": __version__})
