"""Writes architectures.json beside it: what PyTorch-VAE's models make of images, for checkpoints of them to be imported.

  git clone https://github.com/AntixK/PyTorch-VAE && git -C PyTorch-VAE checkout a6896b9
  python3 -m venv v && v/bin/pip install torch==2.15.0 torchvision==0.29.2 numpy==2.4.6
  v/bin/python test/parity/architectures.py PyTorch-VAE

Their weights are of the formula, by name, shape and place in the state_dict, so that no checkpoint has to be kept:
architectures.test.ts writes them.
"""

import copy
import json
import pathlib
import sys

import numpy as np
import torch
from formula import formula, probe, weights

sys.path.insert(0, sys.argv[1])
from models import vae_models
from models.twostage_vae import TwoStageVAE
from torch.distributions import Categorical, Gamma, Independent, MixtureSameFamily, Normal
from torch.nn.functional import one_hot

HERE = pathlib.Path(__file__).parent
LATENT = 3
# Their decoders begin with 512 channels of 2x2 pixels, or 32 of 4x4.
WIDE = {"side": 32, "hidden_dims": [2, 2, 2, 512]}
MODELS = {
    "BetaTCVAE": {"side": 32, "hidden_dims": [2, 3, 32]},
    "VampVAE": {"side": 64, "hidden_dims": [2, 2, 2, 2, 512], "num_components": 2},
    "MIWAE": {**WIDE, "num_samples": 1, "num_estimates": 1},
    "GammaVAE": WIDE,
    "TwoStageVAE": {**WIDE, "hidden_dims2": [4, 4]},
    "CategoricalVAE": {**WIDE, "categorical_dim": 4},
    "JointVAE": {**WIDE, "categorical_dim": 4},
    "HVAE": {"side": 64, "hidden_dims": [2, 2, 2, 2, 512], "latent1_dim": 3, "latent2_dim": 2},
    "LVAE": {"side": 64, "hidden_dims": [2, 2, 2, 2, 512], "latent_dims": [3, 2, 3, 4, 2]},
    **{name: WIDE for name in ("DIPVAE", "InfoVAE", "WAE_MMD", "SWAE", "LogCoshVAE", "MSSIMVAE")},
}


def load(model):
    state = model.state_dict()
    for t, (name, value) in enumerate(state.items()):
        if value.dim() > 0:
            state[name] = torch.from_numpy(weights(name, tuple(value.shape), t))
    model.load_state_dict(state)
    return model.double().eval(), {name: list(value.shape) for name, value in state.items()}


def relative(q, p):
    """Mean and log-variance of q in the coordinates in which p is N(0, I)."""
    (mean, log_var), (mean_p, log_var_p) = q, p
    return (mean - mean_p) / (log_var_p / 2).exp(), log_var - log_var_p


def hierarchy(name, model, x):
    """The posteriors of latents from the top down, each in its prior's coordinates and given the mean of the one above, and what these decode to."""
    if name == "HVAE":
        top = model.encode_z2(x)
        lower = model.encode_z1(x, top[0])
        prior = model.recons_z1_mu(top[0]), model.recons_z1_log_var(top[0])
        codes = torch.cat([model.debed_z1_code(lower[0]), model.debed_z2_code(top[0])], 1)
        return [top, relative(lower, prior)], model.decode(codes.view(-1, 512, 2, 2))
    *below, top = model.encode(x)
    found, z = [top], top[0]
    for (mean, log_var), ladder in zip(reversed(below), model.ladders):
        prior = ladder(z)
        merged = model.merge_gauss(mean, prior[0], log_var, prior[1])
        found.append(relative(merged, prior))
        z = merged[0]
    return found, model.final_layer(model.decoder(model.decoder_input(z).view(-1, 512, 2, 2)))


def made(name, side, hidden_dims, **params):
    own = {} if "latent_dims" in params or "latent1_dim" in params else {"latent_dim": LATENT}
    kinds = {**vae_models, "TwoStageVAE": TwoStageVAE}
    model, shapes = load(kinds[name](in_channels=3, hidden_dims=list(hidden_dims), **own, **copy.deepcopy(params)))
    size = 2 * 3 * side * side
    x = torch.from_numpy(formula(size, 850).astype(np.float32).reshape(2, 3, side, side)).double()
    if not own:
        with torch.no_grad():
            found, recons = hierarchy(name, model, x)
        mean, log_var = (torch.cat(parts, 1) for parts in zip(*found))
        return {"shapes": shapes, "mean": probe(mean), "recons": probe(recons), "log_var": probe(log_var)}
    with torch.no_grad():
        codes = model.encode(x)
        codes = codes if isinstance(codes, (list, tuple)) else [codes]
        if name == "GammaVAE":
            posterior = Gamma(*codes)
            codes = [posterior.mean]
        logits = codes.pop() if "categorical_dim" in params else None
        found = dict(zip(("mean", "log_var"), codes))
        if name == "GammaVAE":
            found["deviation"] = posterior.stddev
        draws = (1, 1) if name == "MIWAE" else ()
        z = [found["mean"].reshape(2, *draws, LATENT)] if codes else []
        if logits is not None:
            found["logits"] = logits
            z.append(one_hot(logits.argmax(-1), params["categorical_dim"]).double().reshape(2, -1))
        recons = model.decode(torch.cat(z, -1)).reshape(2, 3, side, side)
    out = {"shapes": shapes, **{name: probe(value) for name, value in found.items()}, "recons": probe(recons)}
    if name == "VampVAE":
        with torch.no_grad():
            mean_u, log_var_u = model.encode(model.embed_pseudo(model.pseudo_input.double()).view(-1, 3, side, side))
            prior = MixtureSameFamily(
                Categorical(torch.ones(len(mean_u))), Independent(Normal(mean_u, (log_var_u / 2).exp()), 1)
            )
            out["log_prior"] = probe(prior.log_prob(found["mean"]))
    return out


def text(value, indent=""):
    """JSON of objects, those of numbers and shapes on one line."""
    if not isinstance(value, dict) or all(isinstance(v, list) for v in value.values()) or "norm" in value:
        return json.dumps(value)
    inner = indent + " "
    return "{\n" + ",\n".join(f"{inner}{json.dumps(k)}: {text(v, inner)}" for k, v in value.items()) + "\n" + indent + "}"


found = {"torch": torch.__version__, **{name: {**options, **made(name, **options)} for name, options in MODELS.items()}}
(HERE / "architectures.json").write_text(text(found) + "\n")
