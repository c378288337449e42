"""PyTorch-VAE's VanillaVAE and DFCVAE for images of 64x64, and their losses.

Architecture and losses are those of AntixK/PyTorch-VAE's configs/vae.yaml and configs/dfc_vae.yaml, written anew so that
no checkout is needed where they are timed. The frozen network has random weights: dense convolutions take as long.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT_DIM = 128
HIDDEN_DIMS = (32, 64, 128, 256, 512)
KLD_WEIGHT = 0.00025
ALPHA, BETA = 1.0, 0.5

#: Width of each convolution of VGG19; None: a max pool.
VGG19 = (64, 64, None, 128, 128, None, *[256] * 4, None, *[512] * 4, None, *[512] * 4)
#: Numbers in torchvision's `vgg19_bn().features` whose outputs are compared.
FEATURE_LAYERS = (14, 24, 34, 43)


def down(inside: int, outside: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, 2, 1), nn.BatchNorm2d(outside), nn.LeakyReLU())


def up(inside: int, outside: int) -> nn.Module:
    conv = nn.ConvTranspose2d(inside, outside, 3, 2, 1, output_padding=1)
    return nn.Sequential(conv, nn.BatchNorm2d(outside), nn.LeakyReLU())


class VanillaVAE(nn.Module):
    """[B, 3, 64, 64] -> reconstruction, mean and log-variance of z."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *HIDDEN_DIMS)
        self.encoder = nn.Sequential(*map(down, widths, widths[1:]))
        self.flat = HIDDEN_DIMS[-1] * 4
        self.fc_mu = nn.Linear(self.flat, LATENT_DIM)
        self.fc_var = nn.Linear(self.flat, LATENT_DIM)
        self.decoder_input = nn.Linear(LATENT_DIM, self.flat)
        widths = (*HIDDEN_DIMS[::-1], HIDDEN_DIMS[0])
        self.decoder = nn.Sequential(*map(up, widths, widths[1:]))
        self.image = nn.Sequential(nn.Conv2d(HIDDEN_DIMS[0], 3, 3, padding=1), nn.Tanh())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = torch.flatten(self.encoder(x), 1)
        mu, log_var = self.fc_mu(h), self.fc_var(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
        h = self.decoder_input(z).view(-1, HIDDEN_DIMS[-1], 2, 2)
        return self.image(self.decoder(h)), mu, log_var


class FrozenVGG19(nn.Module):
    """VGG19 with batch norm, in evaluation mode, no gradient of its own: the outputs of FEATURE_LAYERS."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = 3
        for width in VGG19:
            if width is None:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(inside, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            inside = width
        self.features = nn.Sequential(*layers[: FEATURE_LAYERS[-1] + 1])
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        found = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in FEATURE_LAYERS:
                found.append(x)
        return found


def loss_of(model: VanillaVAE, network: FrozenVGG19 | None, x: Tensor) -> Tensor:
    """Mean squared error, of images and features, and the KL divergence's mean over the batch."""
    reconstruction, mu, log_var = model(x)
    kl = torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1))
    loss = F.mse_loss(reconstruction, x)
    if network is None:
        return loss + KLD_WEIGHT * kl
    features = zip(network(reconstruction), network(x), strict=True)
    loss = loss + sum(F.mse_loss(u, v) for u, v in features)
    return BETA * loss + ALPHA * KLD_WEIGHT * kl
