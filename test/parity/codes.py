"""Writes codes.json beside it: the scores of fixed codes by disentanglement_lib's own code and by scikit-learn.

  git clone https://github.com/google-research/disentanglement_lib    # commit 86a644d
  python3 -m venv v
  v/bin/pip install scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6 gin-config==0.4.0 absl-py==2.5.1 six==1.17.0
  v/bin/python test/parity/codes.py disentanglement_lib

The settings are those of the library's own study, read from its config/unsupervised_study_v1/metric_configs.
"""

import importlib
import json
import logging
import pathlib
import subprocess
import sys
import warnings

import gin
import numpy as np
import scipy
import sklearn
from formula import formula
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

HERE = pathlib.Path(__file__).parent
CHECKOUT = pathlib.Path(sys.argv[1]).resolve()
logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

# The library imports gin.tf, which wants TensorFlow, and takes from it what gin itself has.
sys.modules["gin.tf"] = gin
sys.path.insert(0, str(CHECKOUT))
METRICS = "disentanglement_lib.evaluation.metrics"
beta_vae, factor_vae, mig, dci, sap_score, utils = (
    importlib.import_module(f"{METRICS}.{name}") for name in ("beta_vae", "factor_vae", "mig", "dci", "sap_score", "utils")
)
STUDY = CHECKOUT / "disentanglement_lib/config/unsupervised_study_v1/metric_configs"
for name in ("beta_vae_sklearn", "factor_vae_metric", "mig", "dci", "sap_score"):
    lines = (STUDY / f"{name}.gin").read_text().splitlines()
    gin.parse_config([line for line in lines if not line.startswith(("evaluation.", "dataset."))])


def codes(count, t):
    """Six dimensions of which some follow the three factors of 3, 4 and 2 values."""
    factors = np.stack([np.floor(formula(count, t + f) * k) for f, k in enumerate((3, 4, 2))], 1).astype(int)
    noise = formula(count * 6, t + 3).reshape(count, 6) - 0.5
    signal = np.stack(
        [factors[:, 0], 0.5 * factors[:, 1] ** 2, factors[:, 0] - factors[:, 1], 2 * factors[:, 2], 0 * factors[:, 0], 0.3 * factors[:, 2]],
        1,
    )
    return (signal + 1.5 * noise).astype(np.float32), factors


def scores(z, y, zt, yt):
    """MIG, SAP and DCI of codes and factors, [n, dims] and [n, factors]."""
    np.random.seed(0)
    return {
        "mig": mig._compute_mig(z.T, y.T)["discrete_mig"],
        "sap": sap_score._compute_sap(z.T, y.T, zt.T, yt.T, gin.query_parameter("sap_score.continuous_factors"))["SAP_score"],
        "dci": dci._compute_dci(z.T, y.T, zt.T, yt.T),
    }


def of_codes():
    z, y = codes(800, 40)
    zt, yt = codes(400, 50)
    out = {"variances": z.astype(np.float64).var(0).tolist(), **scores(z, y, zt, yt)}
    np.random.seed(0)
    matrix = dci.compute_importance_gbt(z.T, y.T, zt.T, yt.T)[0]
    out["importance"] = matrix.T.tolist()
    out["of_importance"] = [dci.disentanglement(matrix), dci.completeness(matrix)]
    # one dimension follows the first factor, the others are the same for all images
    alone, alone_t = np.zeros_like(z), np.zeros_like(zt)
    alone[:, 2], alone_t[:, 2] = z[:, 0], zt[:, 0]
    out["one_dimension"] = scores(alone, y, alone_t, yt)
    out["collapsed"] = scores(np.zeros_like(z), y, np.zeros_like(zt), yt)
    # whole numbers, which lie on the edges of the bins
    out["mig_of_whole_numbers"] = mig._compute_mig(np.floor(7 * z).T, y.T)["discrete_mig"]

    # every dimension three times, at scales that change no rounding: trees split alike by each
    def tripled(c):
        return np.concatenate([c, 2 * c, 4 * c], 1)

    found = []
    for seed in range(30):
        np.random.seed(seed)
        matrix = dci.compute_importance_gbt(tripled(z[:300]).T, y[:300].T, tripled(zt).T, yt.T)[0]
        found.append([dci.disentanglement(matrix), dci.completeness(matrix), *matrix.T.ravel()])
    mean, deviation = np.mean(found, 0), np.std(found, 0, ddof=1)
    out["tied"] = {
        "disentanglement": mean[0],
        "completeness": mean[1],
        "importance": mean[2:].reshape(3, 18).tolist(),
        "deviation": deviation.max(),
    }
    return out


SIZES = (8, 10, 6)


class Scenes:
    """The library's GroundTruthData of 480 scenes, one for each combination of the factors' values."""

    num_factors = len(SIZES)
    factors_num_values = SIZES

    def sample_factors(self, num, random_state):
        return np.floor(random_state.random_sample((num, len(SIZES))) * SIZES).astype(int)

    def sample_observations_from_factors(self, factors, random_state):
        return np.ravel_multi_index(factors.T, SIZES)

    def sample_observations(self, num, random_state):
        """Every scene once."""
        return np.arange(num)


class Draws(np.random.RandomState):
    """Random numbers that test/parity/codes.test.ts makes too."""

    def __init__(self, count, t):
        super().__init__(0)
        self.numbers, self.at = formula(count, t), 0

    def random_sample(self, shape):
        size = int(np.prod(shape))
        self.at += size
        assert self.at <= len(self.numbers)
        return self.numbers[self.at - size : self.at].reshape(shape)

    def randint(self, high):
        return int(self.random_sample((1,))[0] * high)


def scene_codes():
    """Seven dimensions of the scenes, [480, 7], most of which follow several factors."""
    a, b, c = (v.ravel() / (k - 1) - 0.5 for v, k in zip(np.indices(SIZES), SIZES))
    noise = formula(480 * 7, 90).reshape(480, 7) - 0.5
    signal = np.stack([a + b + c, 2 * b - a, c + a - b, a + b, 0.5 * (b - c), 0 * a, 0.01 * a], 1)
    return (signal + np.array([2, 2.5, 2, 1.5, 2, 1, 0.01]) * noise).astype(np.float32)


def of_scenes():
    out = {}
    everything = {"num_variance_estimate": 480}
    for name, table in (
        ("entangled", scene_codes()),
        # three dimensions of variance 0.03: alive, for their standard deviation is 0.17
        ("variance_003", (np.stack([v.ravel() / np.std(v) for v in np.indices(SIZES)], 1) * np.sqrt(0.03)).astype(np.float32)),
    ):
        z = table.astype(np.float64)
        given = (Scenes(), lambda rows: z[rows])
        small = {"batch_size": 8, "num_train": 300, "num_eval": 200}
        found = {
            "factor_vae_of_the_same_draws": factor_vae.compute_factor_vae(*given, Draws(500 * 25, 60), **small, **everything),
            "beta_vae_of_the_same_draws": beta_vae.compute_beta_vae_sklearn(*given, Draws(500 * 49, 61), **small),
            # the study's settings: 10,000 groups of 64, and 5,000 to judge by
            "factor_vae": factor_vae.compute_factor_vae(*given, np.random.RandomState(0), **everything),
            "beta_vae": beta_vae.compute_beta_vae_sklearn(*given, np.random.RandomState(0)),
        }
        out[name] = {key: scores["eval_accuracy"] for key, scores in found.items()}
    return out


def scaled(count, t):
    """Codes of 5 classes, [count, 8], whose dimensions have standard deviations from about 0.01 to 30."""
    y = np.floor(formula(count, t) * 5).astype(int)
    noise = formula(count * 8, t + 1).reshape(count, 8)
    centers = formula(5 * 8, 7).reshape(5, 8)
    return ((1.5 * centers[y] + 2 * noise) * 0.02 * 3000 ** (np.arange(8) / 7)).astype(np.float32), y


def classifiers():
    """What classifiers trained to the end name other codes, and how often the library's settings are right."""
    out = {}
    for name, (z, y), (zt, yt) in (
        *((f"codes_{f}", (z[0], z[1][:, f]), (zt[0], zt[1][:, f])) for f in range(3) for z, zt in [(codes(800, 40), codes(400, 50))]),
        ("scaled", scaled(1000, 70), scaled(500, 80)),
    ):
        svm = LinearSVC(C=1, dual=False, tol=1e-12, max_iter=1000000).fit(z, y)
        logistic = LogisticRegression(C=1, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(z.astype(np.float64), y)
        out[name] = {
            "svm": svm.predict(zt).tolist(),
            "logistic": logistic.predict(zt.astype(np.float64)).tolist(),
            "accuracy": [svm.score(zt, yt), logistic.score(zt.astype(np.float64), yt)],
        }
    return out


def plain(value):
    return value.item() if isinstance(value, np.generic) else str(value)


commit = subprocess.run(["git", "-C", CHECKOUT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
result = {
    "made_by": f"test/parity/codes.py with disentanglement_lib {commit.stdout.strip()}, scikit-learn {sklearn.__version__}, "
    f"scipy {scipy.__version__}, numpy {np.__version__}",
    "codes": of_codes(),
    "scenes": of_scenes(),
    "classifiers": classifiers(),
}
(HERE / "codes.json").write_text(json.dumps(result, default=plain) + "\n")
