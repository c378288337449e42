"""Writes figures.json beside it: the figures of fixed inputs by scikit-image, torchmetrics, scipy and pytorch-msssim.

  python3 -m venv v
  v/bin/pip install scikit-image==0.26.0 scipy==1.17.1 torchmetrics==1.9.0 pytorch-msssim==1.0.0 torch==2.15.0 torchvision==0.29.2
  v/bin/python test/parity/figures.py FOLDER

FOLDER holds LPIPS' trained heads, alex.pth, squeeze.pth and vgg.pth (PerceptualSimilarity's lpips/weights/v0.1).
"""

import json
import pathlib
import sys
from importlib.metadata import version

import numpy as np
import scipy
import skimage
import torch
import torchmetrics
from formula import formula
from pytorch_msssim.ssim import _fspecial_gauss_1d, _ssim
from scipy import linalg, special, stats
from skimage import metrics
from torchmetrics.functional.image.lpips import _LPIPS

HERE = pathlib.Path(__file__).parent
HEADS = pathlib.Path(sys.argv[1])


def images(count, side, t):
    """Smooth pictures, and the same with noise: [n, side, side, 3] each, in [0, 1]."""
    n, i, j, c = np.indices((count, side, side, 3))
    x = 0.5 + 0.3 * np.sin(i / 5 + c) * np.cos(j / 7 + n)
    noise = formula(x.size, t).reshape(x.shape) - 0.5
    y = np.clip(x + 0.15 * (n + 1) * noise, 0, 1)
    return x.astype(np.float32), y.astype(np.float32)


def ms_ssim(x, y, scales):
    """pytorch_msssim.ms_ssim with fewer scales, which it refuses for small images."""
    x, y = (torch.tensor(v.astype(np.float64)).permute(0, 3, 1, 2) for v in (x, y))
    weights = torch.tensor([0.0448, 0.2856, 0.3001, 0.2363, 0.1333][:scales])
    window = _fspecial_gauss_1d(11, 1.5).double().repeat([3, 1, 1, 1])
    product = 1
    for scale, weight in enumerate(weights / weights.sum()):
        whole, contrast = _ssim(x, y, 1, window)
        product = product * torch.relu(whole if scale == scales - 1 else contrast) ** weight
        x, y = (torch.nn.functional.avg_pool2d(v, 2) for v in (x, y))
    return product.mean(1).tolist()


def picture_figures():
    out = {}
    x, y = images(3, 64, 1)
    pairs = list(zip(x.astype(np.float64), y.astype(np.float64)))
    out["mse"] = [metrics.mean_squared_error(a, b) for a, b in pairs]
    out["psnr"] = [metrics.peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs]
    ssim = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=-1)
    out["ssim"] = [metrics.structural_similarity(a, b, **ssim) for a, b in pairs]
    for side in (64, 180):
        out[f"ms_ssim_{side}"] = ms_ssim(*images(2, side, 2), 3 if side == 64 else 5)
    return out


def formula_weights(state):
    """formulaWeights of test/support/formula.ts, of convolutions; `t` counts every entry of `state`."""
    for t, (name, p) in enumerate(state.items()):
        u = formula(p.numel(), t) - 0.5
        fan_in = p.numel() // p.shape[0]
        values = u * np.sqrt(12) * np.sqrt(2 / fan_in) if p.dim() > 1 else 0.1 * u
        p.copy_(torch.tensor(values.reshape(p.shape), dtype=torch.float32))


def lpips():
    out = {}
    x, y = (torch.tensor(v).permute(0, 3, 1, 2) for v in images(3, 64, 1))
    for variant in ("alex", "squeeze", "vgg"):
        net = _LPIPS(pretrained=False, net=variant, pnet_rand=True, use_dropout=True, eval_mode=True)
        with torch.no_grad():
            # named here as in torchvision's `features`
            convs = {n: p for n, p in net.net.named_parameters()}
            formula_weights(convs)
            net.load_state_dict(torch.load(HEADS / f"{variant}.pth", map_location="cpu"), strict=False)
            out[variant] = net(x, y, normalize=True).flatten().tolist()
    return out


def frechet():
    a = formula(400 * 12, 20).reshape(400, 12)
    b = formula(300 * 12, 21).reshape(300, 12) ** 2 + 0.1
    b[:, 3] += b[:, 5]
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(ca @ cb).real
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * root))


def likelihood():
    """log p(x) of z ~ N(0, I), x = W z + noise of sigma 0.3, known exactly; and logsumexp of fixed weights."""
    a, b, c, d = formula(4, 30) * 2 - 1
    w = np.array([[a, 0], [b, 0], [0, c], [0, d]])  # so that q(z | x) is exact with a diagonal covariance
    x = formula(5 * 4, 31).reshape(5, 4)
    normal = stats.multivariate_normal(np.zeros(4), w @ w.T + 0.09 * np.eye(4))
    log_weights = 1000 * formula(16, 32) - 3000
    return {
        "linear_gaussian": normal.logpdf(x).tolist(),
        "importance_weighted": float(special.logsumexp(log_weights) - np.log(16)),
    }


result = {
    "made_by": f"test/parity/figures.py with scikit-image {skimage.__version__}, "
    f"scipy {scipy.__version__}, torchmetrics {torchmetrics.__version__}, pytorch-msssim {version('pytorch-msssim')}, "
    f"torch {torch.__version__.split('+')[0]}",
    "pictures": picture_figures(),
    "lpips": lpips(),
    "frechet": frechet(),
    "likelihood": likelihood(),
}
(HERE / "figures.json").write_text(json.dumps(result) + "\n")
