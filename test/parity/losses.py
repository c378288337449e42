"""Writes losses.json beside it: losses and their gradients, in double precision, by torch.distributions, pytorch-msssim and scipy.

  python3 -m venv v && v/bin/pip install torch==2.15.0 scipy==1.17.1 pytorch-msssim==1.0.0 numpy==2.4.6
  v/bin/python test/parity/losses.py

Written from the papers' formulas, pair by pair where src/models/losses has products of matrices. The inputs are made by the
same formulas in losses.test.ts.
"""

import itertools
import json
import pathlib
import unittest.mock
from importlib.metadata import version

import numpy as np
import scipy
import torch
from formula import formula, probe
from pytorch_msssim.ssim import _fspecial_gauss_1d, _ssim
from torch.distributions import (
    Categorical,
    Gamma,
    Independent,
    MixtureSameFamily,
    Normal,
    RelaxedOneHotCategorical,
    kl_divergence,
)

HERE = pathlib.Path(__file__).parent
B, D = 6, 3
TOTAL = 50


def numbers(t, *shape):
    """Numbers in [-1, 1), of which gradients are taken."""
    values = 2 * formula(int(np.prod(shape)), t).astype(np.float32).reshape(shape) - 1
    return torch.tensor(values.astype(np.float64), requires_grad=True)


def case(loss, **inputs):
    """The loss of the inputs and its gradient to each."""
    value = loss(**inputs)
    grads = torch.autograd.grad(value, list(inputs.values()))
    return {"value": value.item(), "grads": {name: probe(g) for name, g in zip(inputs, grads)}}


def gaussian(mean, log_var):
    return Independent(Normal(mean, (log_var / 2).exp()), 1)


def importance(i, j, n, m, sampling):
    """The weight of image j for z_i: Chen et al., appendix C."""
    if sampling == "weighted":
        return 1 / (n * (m + 1))
    if j == i:
        return 1 / n
    return (n - m) / (n * m) if j == (i + 1) % (m + 1) else 1 / m


def kl_parts(part, sampling):
    def loss(z, mean, log_var):
        parts = []
        for i in range(B):
            weights = torch.tensor([importance(i, j, TOTAL, B - 1, sampling) for j in range(B)], dtype=torch.float64)
            joint = sum(w * gaussian(mean[j], log_var[j]).log_prob(z[i]).exp() for j, w in enumerate(weights)).log()
            marginals = 0
            for d in range(D):
                density = Normal(mean[:, d], (log_var[:, d] / 2).exp()).log_prob(z[i, d]).exp()
                marginals = marginals + (weights * density).sum().log()
            own = gaussian(mean[i], log_var[i]).log_prob(z[i])
            prior = Normal(0.0, 1.0).log_prob(z[i]).sum()
            parts.append({"mi": own - joint, "tc": joint - marginals, "dimensionKl": marginals - prior}[part])
        return torch.stack(parts).mean()

    return case(loss, z=numbers(1, B, D), mean=numbers(2, B, D), log_var=numbers(3, B, D))


def mixture():
    def loss(z, mean, log_var):
        prior = MixtureSameFamily(Categorical(torch.ones(4, dtype=torch.float64)), gaussian(mean, log_var))
        return (prior.log_prob(z) * torch.arange(1, B + 1)).sum()

    return case(loss, z=numbers(4, B, D), mean=numbers(5, 4, D), log_var=numbers(6, 4, D))


def dip(kind, part):
    def loss(mean, log_var=None):
        c = torch.cov(mean.T, correction=0)
        if kind == "ii":
            c = c + torch.diag(log_var.exp().mean(0))
        diagonal = torch.diagonal(c)
        return ((diagonal - 1) ** 2).sum() if part == "diagonal" else (c**2).sum() - (diagonal**2).sum()

    inputs = {"mean": numbers(7, B, D), "log_var": numbers(8, B, D)}
    return case(loss, **(inputs if kind == "ii" else {"mean": inputs["mean"]}))


def mmd(kernel):
    def loss(x):
        y = numbers(10, B, D).detach()
        mean = lambda pairs: torch.stack([kernel(((a - b) ** 2).sum()) for a, b in pairs]).mean()
        across = mean(itertools.product(x, y))
        return mean(itertools.permutations(x, 2)) + mean(itertools.permutations(y, 2)) - 2 * across

    return case(loss, x=numbers(9, B, D))


def sliced(p):
    def loss(x):
        directions = torch.nn.functional.normalize(numbers(12, 5, D).detach(), dim=1)
        y = numbers(11, B, D).detach()
        a, b = ((directions @ v.T).sort(dim=1).values for v in (x, y))
        return ((a - b).abs() ** p).mean()

    return case(loss, x=numbers(13, B, D))


def log_cosh(a):
    def loss(t):
        return (torch.log(torch.cosh(a * t)) / a).mean()

    density = lambda t: np.exp(-(np.logaddexp(a * t, -a * t) - np.log(2)) / a)
    half = scipy.integrate.quad(density, 0, 1)[0] + scipy.integrate.quad(density, 1, np.inf)[0]
    return {**case(loss, t=numbers(14, 40)), "normalizer": float(np.log(2 * half))}


def ms_ssim(side, window, scales):
    """pytorch_msssim.ms_ssim with fewer scales, which it refuses for small images."""

    def loss(y):
        n, c, i, j = np.indices((2, 3, side, side))
        x = torch.tensor((0.5 + 0.3 * np.sin(i / 5 + c) * np.cos(j / 7 + n)).astype(np.float32).astype(np.float64))
        y = x + 0.15 * y
        weights = torch.tensor([0.0448, 0.2856, 0.3001, 0.2363, 0.1333], dtype=torch.float64)[:scales]
        filters = _fspecial_gauss_1d(window, 1.5).double().repeat([3, 1, 1, 1])
        product = 1
        for scale, weight in enumerate(weights / weights.sum()):
            whole, contrast = _ssim(x, y, 1, filters)
            product = product * torch.relu(whole if scale == scales - 1 else contrast) ** weight
            x, y = (torch.nn.functional.avg_pool2d(v, 2) for v in (x, y))
        return 1 - product.mean()

    return case(loss, y=numbers(15, 2, 3, side, side))


def importance_weighted(estimates, samples):
    """Of a linear decoder with unit sigma: the mean of `estimates` bounds of `samples` draws."""

    def loss(mean, log_var, weight):
        noise, x = numbers(16, estimates * samples, B, D).detach(), numbers(17, B, 4).detach()
        z = mean + (log_var / 2).exp() * noise
        log_p = Independent(Normal(z @ weight, 1.0), 1).log_prob(x) + Independent(Normal(torch.zeros(D), torch.ones(D)), 1).log_prob(z)
        log_w = log_p - gaussian(mean, log_var).log_prob(z)
        # the k-th draw of estimate m is number k M + m
        bounds = torch.logsumexp(log_w.reshape(samples, estimates, B), 0) - np.log(samples)
        return -bounds.mean()

    return case(loss, mean=numbers(18, B, D), log_var=numbers(19, B, D), weight=numbers(20, D, 4))


def positive(t, *shape):
    """Numbers in (0.1, 4), of which gradients are taken."""
    return (2.05 + 1.95 * numbers(t, *shape)).detach().requires_grad_(True)


def gamma_kl():
    def loss(shape, rate):
        prior = Gamma(torch.tensor(2.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))
        return kl_divergence(Gamma(shape, rate), prior).sum(1).mean()

    return case(loss, shape=positive(21, B, D), rate=positive(22, B, D))


def gamma_density():
    def loss(z, shape, rate):
        return (Gamma(shape, rate).log_prob(z).sum(1) * torch.arange(1, B + 1)).sum()

    return case(loss, z=positive(23, B, D), shape=positive(24, B, D), rate=positive(25, B, D))


def special(function):
    """Values and derivatives on both sides of 1 and 2, where log Gamma is 0, and far from them."""
    at = [1e-4, 0.02, 0.3, 0.9999, 1.0, 1.3, 1.7, 2.0, 2.0001, 5.0, 40.0, 900.0, 1e5]
    x = torch.tensor(np.float32(at).astype(np.float64), requires_grad=True)
    y = function(x)
    (slopes,) = torch.autograd.grad(y.sum(), x)
    return {"at": at, "values": y.tolist(), "slopes": slopes.tolist()}


def rejection(augmentation):
    """Of costs (w z)^2 of an image: Naesseth et al., the gradients of the two parts one by one, for given noise."""
    shape, rate, weight = positive(26, B, D), positive(27, B, D), numbers(28, D, 4)
    noise = 0.8 * numbers(29, B, D).detach()
    uniform = (numbers(30, augmentation, B, D).detach() + 1) / 2

    def h(e, a):
        return (a - 1 / 3) * (1 + e / (9 * a - 3).sqrt()) ** 3

    raised = shape + augmentation
    z = h(noise, raised)
    for i in range(augmentation):
        z = z * (1 - uniform[i]) ** (1 / (shape + i))
    costs = (((z / rate) @ weight) ** 2).sum(1)
    through = torch.autograd.grad(costs.mean(), [shape, rate, weight], retain_graph=True)
    e = noise.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(h(e, raised).sum(), e, create_graph=True)
    log_weight = (Gamma(raised, torch.ones(())).log_prob(h(e, raised)) + slope.log()).sum(1)
    others = (costs.sum() - costs) / (B - 1)
    (correction,) = torch.autograd.grad(((costs - others).detach() * log_weight).mean(), shape)
    grads = {"shape": through[0] + correction, "rate": through[1], "weight": through[2]}
    return {"value": costs.mean().item(), "grads": {name: probe(g.detach()) for name, g in grads.items()}}


def second_stage():
    """Dai and Wipf's second VAE of z, of one hidden layer: -log p(z | u) and KL(q(u | z) || N(0, I))."""

    def loss(z, hidden, out, decoded, log_gamma):
        encode = torch.cat([torch.relu(z @ hidden), z], 1) @ out
        mean, log_var = encode[:, :D], encode[:, D:]
        u = mean + (log_var / 2).exp() * numbers(31, B, D).detach()
        x = torch.cat([torch.relu(u @ hidden), u], 1) @ decoded
        likelihood = Independent(Normal(x, log_gamma.exp()), 1).log_prob(z)
        unit = Independent(Normal(torch.zeros(D), torch.ones(D)), 1)
        return (kl_divergence(gaussian(mean, log_var), unit) - likelihood).mean()

    inputs = {"z": numbers(32, B, D), "hidden": numbers(33, D, 5), "out": numbers(34, 5 + D, 2 * D)}
    return case(loss, **inputs, decoded=numbers(35, 5 + D, D), log_gamma=numbers(36, 1)[0].detach().requires_grad_(True))
N, K = 2, 4


def relaxed(logits, temperature):
    """A draw of torch's Gumbel-softmax by uniform numbers of the formula."""
    uniform = torch.tensor(formula(B * N * K, 21).astype(np.float32).astype(np.float64).reshape(B, N, K))
    with unittest.mock.patch("torch.rand", lambda *shape, **_: uniform):
        return RelaxedOneHotCategorical(torch.tensor(temperature, dtype=torch.float64), logits=logits).rsample()


def to_uniform(logits):
    uniform = Independent(Categorical(torch.ones(N, K, dtype=torch.float64)), 1)
    return kl_divergence(Independent(Categorical(logits=logits), 1), uniform).mean()


def linear_decoder(z, weight):
    """-log p(x | z) of a linear decoder with unit sigma."""
    return -Independent(Normal(z @ weight, 1.0), 1).log_prob(numbers(22, B, 4).detach()).mean()


def categorical(temperature):
    def loss(logits, weight):
        z = relaxed(3 * logits, temperature).reshape(B, N * K)
        return linear_decoder(z, weight) + to_uniform(3 * logits)

    return case(loss, logits=numbers(23, B, N, K), weight=numbers(24, N * K, 4))


def joint(capacity_z, capacity_c):
    """The reconstruction and, times 30, how far both KLs are from their capacities."""

    def loss(mean, log_var, logits, weight):
        z = torch.cat([mean + (log_var / 2).exp() * numbers(25, B, D).detach(), relaxed(3 * logits, 0.67).reshape(B, N * K)], 1)
        kl_z = kl_divergence(gaussian(mean, log_var), gaussian(torch.zeros(D), torch.zeros(D))).mean()
        gaps = (kl_z - capacity_z).abs() + (to_uniform(3 * logits) - capacity_c).abs()
        return linear_decoder(z, weight) + 30 * gaps

    return case(
        loss, mean=numbers(26, B, D), log_var=numbers(27, B, D), logits=numbers(28, B, N, K), weight=numbers(29, D + N * K, 4)
    )
def two_levels(kind):
    """
    KL and decoded squares of two latents, z2 and z1, whose prior is a Gaussian of z2: q(z1) as it is said, or, in a ladder,
    the product of that and the prior, normalized. z2's prior is N(0, I), or a mixture and its KL by the draw.
    """

    def loss(mean2, log_var2, mean1, log_var1, weight, components):
        noise2, noise1 = numbers(27, B, D).detach(), numbers(28, B, D).detach()
        q2 = gaussian(mean2, log_var2)
        z2 = mean2 + (log_var2 / 2).exp() * noise2
        p1 = gaussian(z2 @ weight, torch.tanh(z2))
        q1 = gaussian(mean1, log_var1)
        if kind == "ladder":
            precisions = 1 / p1.variance, 1 / q1.variance
            mean = (p1.mean * precisions[0] + q1.mean * precisions[1]) / sum(precisions)
            q1 = gaussian(mean, -sum(precisions).log())
        z1 = q1.mean + q1.variance.sqrt() * noise1
        unit = Independent(Normal(torch.zeros(D), torch.ones(D)), 1)
        if kind == "vamp":
            prior = MixtureSameFamily(Categorical(torch.ones(4, dtype=torch.float64)), gaussian(components, components / 2))
            kl2 = q2.log_prob(z2) - prior.log_prob(z2)
        else:
            kl2 = kl_divergence(q2, unit) + 0 * components.sum()
        return (kl2 + kl_divergence(q1, p1)).mean() + ((z1 @ weight + z2) ** 2).mean()

    inputs = {"mean2": (21, B, D), "log_var2": (22, B, D), "mean1": (23, B, D), "log_var1": (24, B, D)}
    inputs |= {"weight": (25, D, D), "components": (26, 4, D)}
    return case(loss, **{name: numbers(*shape) for name, shape in inputs.items()})


def text(value, indent=""):
    """JSON of objects, those of one case on one line."""
    if not isinstance(value, dict) or "grads" in value or "at" in value:
        return json.dumps(value)
    inner = indent + " "
    return "{\n" + ",\n".join(f"{inner}{json.dumps(k)}: {text(v, inner)}" for k, v in value.items()) + "\n" + indent + "}"


C = 2 * D
SCALES = (0.1, 0.2, 0.5, 1, 2, 5, 10)
result = {
    "made_by": f"test/parity/losses.py with torch {torch.__version__.split('+')[0]}, scipy {scipy.__version__}, "
    f"pytorch-msssim {version('pytorch-msssim')}",
    "kl_parts": {s: {p: kl_parts(p, s) for p in ("mi", "tc", "dimensionKl")} for s in ("stratified", "weighted")},
    "mixture": mixture(),
    "dip": {k: {p: dip(k, p) for p in ("diagonal", "offDiagonal")} for k in ("i", "ii")},
    "mmd": {
        "rbf": mmd(lambda d: (-d / C).exp()),
        "imq": mmd(lambda d: sum(s * C / (s * C + d) for s in SCALES)),
    },
    "sliced": {str(p): sliced(p) for p in (1, 2, 1.5)},
    "log_cosh": {str(a): log_cosh(a) for a in (0.5, 10, 100)},
    "ms_ssim": {"64": ms_ssim(64, 11, 3), "28": ms_ssim(28, 7, 3), "15": ms_ssim(15, 11, 1)},
    "gamma": {
        "log_gamma": special(torch.lgamma),
        "digamma": special(torch.digamma),
        "kl": gamma_kl(),
        "density": gamma_density(),
        "rejection": {str(b): rejection(b) for b in (1, 8)},
    },
    "second_stage": second_stage(),
    "two_levels": {kind: two_levels(kind) for kind in ("standard", "vamp", "ladder")},
    "importance_weighted": {f"{m}x{k}": importance_weighted(m, k) for m, k in ((1, 1), (1, 4), (3, 2))},
    "categorical": {str(t): categorical(t) for t in (0.5, 1)},
    "joint": {f"{z},{c}": joint(z, c) for z, c in ((5, 0.1), (0.2, 2))},
}
(HERE / "losses.json").write_text(text(result) + "\n")
