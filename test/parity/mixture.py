"""Writes mixture.json beside it: Gaussian mixtures that scikit-learn fits to fixed rows from a fixed beginning.

  python3 -m venv v
  v/bin/pip install scikit-learn==1.9.1 numpy==2.4.6
  v/bin/python test/parity/mixture.py
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from formula import formula
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

warnings.simplefilter("ignore", ConvergenceWarning)  # of those that are stopped early, on purpose
ROWS, DIMS, COMPONENTS = 240, 4, 3


def rows():
    """rowsOf of mixture.test.ts: three clusters of one correlation each."""
    u = formula(ROWS * DIMS, 61).reshape(ROWS, DIMS)
    group = np.arange(ROWS) % COMPONENTS
    x = 2 * u - 1
    x[:, 1] += (group - 1) * x[:, 0]
    return x + group[:, None] * np.array([1.0, -0.5, 0.25, 0.0])


def fitted(x, **options):
    begin = dict(
        weights_init=np.full(COMPONENTS, 1 / COMPONENTS),
        means_init=x[:COMPONENTS],
        precisions_init=np.tile(np.eye(DIMS), (COMPONENTS, 1, 1)),
    )
    m = GaussianMixture(COMPONENTS, covariance_type="full", random_state=0, **begin, **options).fit(x)
    return dict(
        iterations=m.n_iter_,
        lower_bound=m.lower_bound_,
        weights=m.weights_.tolist(),
        means=m.means_.ravel().tolist(),
        covariances=m.covariances_.ravel().tolist(),
        log_density=m.score_samples(x[:8]).tolist(),
        bic=m.bic(x),
    )


x = rows()
out = {
    "scikit-learn": sklearn.__version__,
    "five": fitted(x, max_iter=5, tol=0, reg_covar=1e-6),
    "converged": fitted(x, max_iter=500, tol=1e-3, reg_covar=1e-6),
    "regularized": fitted(x, max_iter=20, tol=0, reg_covar=0.1),
}
(pathlib.Path(__file__).parent / "mixture.json").write_text(json.dumps(out, indent=1) + "\n")
