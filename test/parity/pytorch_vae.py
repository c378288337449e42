"""Writes pytorch_vae.json, vanilla_vae.pt and vanilla_vae.ckpt beside it, by PyTorch-VAE's own VanillaVAE and DFCVAE.

  git clone https://github.com/AntixK/PyTorch-VAE && git -C PyTorch-VAE checkout a6896b9
  python3 -m venv v && v/bin/pip install torch==2.15.0 torchvision==0.29.2
  v/bin/python test/parity/pytorch_vae.py PyTorch-VAE
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torchvision
from formula import formula, probe, weights

sys.path.insert(0, sys.argv[1])
import models.dfcvae
from models import DFCVAE, VanillaVAE

HERE = pathlib.Path(__file__).parent
KLD_WEIGHT = 0.00025


def numbers(shape, t, normal=False):
    """Uniform numbers in [0, 1), or sums of twelve of them less 6, which are nearly normal."""
    size = int(np.prod(shape))
    u = formula(12 * size, t).reshape(12, size).sum(0) - 6 if normal else formula(size, t)
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def load(module):
    state = module.state_dict()
    for t, (name, value) in enumerate(state.items()):
        if value.dim() > 0:
            state[name] = torch.from_numpy(weights(name, tuple(value.shape), t))
    module.load_state_dict(state)
    return module


def fixed_noise(model, eps):
    """reparameterize as it stands in PyTorch-VAE, with noise that both sides know."""
    model.reparameterize = lambda mu, logvar: eps * torch.exp(0.5 * logvar) + mu


def zero_gradients(model):
    """The biases before a batch norm, which takes them out again, and the modules that add them."""
    found = {}
    for name, module in model.named_modules():
        children = list(module.named_children())
        for (child, conv), (_, norm) in zip(children, children[1:]):
            if isinstance(norm, torch.nn.BatchNorm2d):
                found[f"{name}.{child}.bias"] = conv
    return found


def vanilla():
    """In double precision: what is off is ours."""
    model = load(VanillaVAE(in_channels=3, latent_dim=16, hidden_dims=[8, 16, 32, 64, 512])).double()
    x, eps = numbers((4, 3, 64, 64), 800).double(), numbers((4, 16), 801, normal=True).double()
    fixed_noise(model, eps)
    out = {}

    model.eval()
    recons, _, mu, log_var = model(x)
    out["eval"] = {
        "mu": probe(mu.detach()),
        "log_var": probe(log_var.detach()),
        "recons": probe(recons.detach()),
    }

    model.train()
    terms, scales = {}, zero_gradients(model)
    for name, conv in scales.items():
        # what a channel's bias would get if nothing cancelled, the largest of the channels
        hook = lambda _, __, given, name=name: terms.update(
            {name: given[0].abs().sum((0, 2, 3)).max().item()}
        )
        conv.register_full_backward_hook(hook)
    adam = torch.optim.Adam(model.parameters(), lr=1e-4)
    out["losses"] = []
    for step in range(3):
        adam.zero_grad()
        loss = model.loss_function(*model(x), M_N=KLD_WEIGHT)
        loss["loss"].backward()
        out["losses"].append({name: value.item() for name, value in loss.items()})
        if step == 0:
            out["grad"] = {}
            out["zero_grad"] = dict(terms)
            for name, p in model.named_parameters():
                if name in scales:
                    assert p.grad.abs().max() < 1e-12 * terms[name], name
                else:
                    out["grad"][name] = probe(p.grad)
        adam.step()
    out["after3"] = {n: probe(v) for n, v in model.state_dict().items() if "num_batches" not in n}
    return out


def features():
    """DFCVAE.extract_features on torchvision's vgg19_bn, whose ReLUs are in place, and the loss by its layers."""
    models.dfcvae.vgg19_bn = lambda *_, **__: torchvision.models.vgg19_bn(weights=None)
    dfc = DFCVAE(in_channels=3, latent_dim=4, hidden_dims=[8, 16, 32, 64, 512])
    network = dfc.feature_network
    network.features = load(network.features)
    network.double().eval()
    x, recons = numbers((2, 3, 64, 64), 810).double(), numbers((2, 3, 64, 64), 811).double().requires_grad_()
    mean = torch.tensor([0.485, 0.456, 0.406]).double().reshape(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).double().reshape(1, 3, 1, 1)
    out = {}
    for mode, change in {"none": lambda t: t, "imagenet": lambda t: (t - mean) / deviation}.items():
        target = [f.clone() for f in dfc.extract_features(change(x))]
        loss = sum(
            torch.nn.functional.mse_loss(a, b) for a, b in zip(dfc.extract_features(change(recons)), target)
        )
        (grad,) = torch.autograd.grad(loss, recons)
        layers = ["14", "24", "34", "43"]
        out[mode] = {
            "features": {layer: probe(f.detach()) for layer, f in zip(layers, target)},
            "loss": loss.item(),
            "grad": probe(grad),
        }
    return out


def files():
    """A small VanillaVAE of 32x32 images, its tensors views of one storage, saved by PyTorch, and what it gives."""
    model = VanillaVAE(in_channels=3, latent_dim=1, hidden_dims=[1, 1, 1, 512])
    base = torch.from_numpy((formula(5200, 820) - 0.5).astype(np.float32))
    variances = torch.from_numpy((1 + 0.5 * (formula(512, 821) - 0.5)).astype(np.float32))
    state = model.state_dict()
    for t, (name, value) in enumerate(state.items()):
        if value.dim() == 0:
            continue
        own = variances if name.endswith("running_var") else base[7 * t :]
        state[name] = own[: value.numel()].view(value.shape)
    model.load_state_dict(state)
    model.eval()
    x, eps = numbers((2, 3, 32, 32), 822), numbers((2, 1), 823, normal=True)
    fixed_noise(model, eps)
    recons, _, mu, log_var = model(x)
    torch.save(state, HERE / "vanilla_vae.pt")
    prefixed = {f"model.{name}": value for name, value in state.items()}
    lightning = {"epoch": 3, "state_dict": prefixed, "hyper_parameters": {"LR": 0.005}}
    torch.save(lightning, HERE / "vanilla_vae.ckpt")
    shapes = {name: list(value.shape) for name, value in state.items()}
    made = {"mu": mu, "log_var": log_var, "recons": recons}
    return {"shapes": shapes, **{name: probe(value.detach()) for name, value in made.items()}}


def text(value, indent=""):
    """JSON of objects, what is in them each on one line."""
    if not isinstance(value, dict):
        return json.dumps(value)
    inner = indent + "  "
    lines = [f"{inner}{json.dumps(name)}: {text(v, inner)}" for name, v in value.items()]
    return "{\n" + ",\n".join(lines) + "\n" + indent + "}"


torch.manual_seed(0)
made = {"torch": torch.__version__, "vanilla": vanilla(), "features": features(), "files": files()}
(HERE / "pytorch_vae.json").write_text(text(made) + "\n")
