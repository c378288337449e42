"""The numbers that both sides make without a file, and what is kept of arrays that are too long to keep."""

import numpy as np


def formula(count, t):
    """test/support/formula.ts"""
    k = np.arange(count, dtype=np.uint64)
    m = np.uint64(2**32 - 1)
    h = (k * np.uint64(2654435761) + np.uint64(t * 40503 + 12345 + 7919)) & m
    h = ((h ^ (h >> np.uint64(15))) * np.uint64(2246822519)) & m
    return ((h ^ (h >> np.uint64(13))) / 2.0**32).astype(np.float64)


def weights(name, shape, t):
    """formulaWeights of test/support/formula.ts: of a tensor of a state_dict, `t` its place there."""
    size = int(np.prod(shape))
    u = formula(size, t) - 0.5
    if len(shape) > 1:
        transposed = "decoder." in name or name == "final_layer.0.weight"
        fan_in = shape[0] * np.prod(shape[2:]) if transposed else np.prod(shape[1:])
        u = u * np.sqrt(12) * np.sqrt(2 / fan_in)
    elif name.endswith("running_var"):
        u = 1 + 0.5 * u
    elif name.endswith("weight"):
        u = 1 + 0.2 * u
    else:
        u = 0.1 * u
    return u.astype(np.float32).reshape(shape)


PLACES, DOTS = 12, 3


def probe(array):
    """test/support/probes.ts: some values of an array, its norm, and its dot products with numbers of the formula."""
    flat = np.asarray(array, dtype=np.float64).reshape(-1)
    n = flat.size
    places = range(n) if n <= PLACES else (formula(PLACES, 900) * n).astype(int)
    return {
        "size": n,
        "values": [float(f"{flat[p]:.9g}") for p in places],
        "norm": float(f"{np.linalg.norm(flat):.9g}"),
        "dots": [float(f"{flat @ (2 * formula(n, 901 + j) - 1):.9g}") for j in range(DOTS)],
    }
