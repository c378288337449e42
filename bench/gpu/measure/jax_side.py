"""Times the training step of the same models in plain jax (images as NHWC, one jitted step, its state donated);
speaks protocol.py.

    python jax_side.py --model DFCVAE --precision bfloat16 --batch 64
"""

import argparse
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from protocol import serve

LATENT_DIM = 128
HIDDEN_DIMS = (32, 64, 128, 256, 512)
KLD_WEIGHT = 0.00025
BETA = 0.5
LR, BETA1, BETA2, EPSILON = 0.005, 0.9, 0.999, 1e-8
NORM_EPSILON, NORM_MOMENTUM, SLOPE = 1e-5, 0.1, 0.01
BATCHES = 4
WARMUP = 5

#: Convolutions of VGG19 up to the last whose output is compared; None: a max pool.
VGG19 = (64, 64, None, 128, 128, None, *[256] * 4, None, *[512] * 4, None, 512, 512)
#: Of these convolutions, counted from 0, what is compared: the output itself, or that behind batch norm and ReLU
#: (torchvision's numbers 14 and 43, 24 and 34: a ReLU behind those computes in place).
COMPARED_BARE = (4, 13)
COMPARED_ACTIVE = (7, 10)

convolve = partial(lax.conv_general_dilated, dimension_numbers=("NHWC", "HWIO", "NHWC"))
SAME = ((1, 1), (1, 1))


# Parameters are made by NumPy: jax would compile a program for each of their shapes.
random = np.random.default_rng(0)


def layer(*shape: int, gain: float = 1 / 3) -> dict:
    """A filter or matrix and its bias; `gain` as in the initializers of Kaiming He's kind."""
    fan_in = np.prod(shape[:-1])
    bound = (3 * gain / fan_in) ** 0.5
    w = random.uniform(-bound, bound, shape).astype(np.float32)
    return {"w": w, "b": np.zeros(shape[-1], np.float32)}


def normalized(inside: int, outside: int, gain: float = 1 / 3) -> dict:
    """A 3x3 convolution with batch norm behind it."""
    zeros = np.zeros(outside, np.float32)
    return {**layer(3, 3, inside, outside, gain=gain), "scale": zeros + 1, "offset": zeros}


def init_vae() -> tuple[dict, dict]:
    """What is trained, and the running statistics of its batch norms."""
    flat = 4 * HIDDEN_DIMS[-1]
    trained: dict = {
        "mu": layer(flat, LATENT_DIM),
        "log_var": layer(flat, LATENT_DIM),
        "decoder_input": layer(LATENT_DIM, flat),
        "image": layer(3, 3, HIDDEN_DIMS[0], 3),
    }
    running: dict = {}
    for part, widths in (("encoder", (3, *HIDDEN_DIMS)), ("decoder", (*HIDDEN_DIMS[::-1], HIDDEN_DIMS[0]))):
        trained[part] = [normalized(i, o) for i, o in zip(widths, widths[1:])]
        zeros = [np.zeros(width, np.float32) for width in widths[1:]]
        running[part] = [{"mean": z, "variance": z + 1} for z in zeros]
    return trained, running


def init_vgg() -> list[dict]:
    widths = [3, *filter(None, VGG19)]
    return [normalized(i, o, gain=2) for i, o in zip(widths, widths[1:])]


class Model:
    def __init__(self, name: str, precision: str) -> None:
        self.name = name
        self.type = jnp.dtype(precision)

    def conv(self, layer: dict, x: Array, strides: int = 1, pad=SAME, up: int = 1) -> Array:
        w = layer["w"].astype(self.type)
        y = convolve(x.astype(self.type), w, (strides, strides), pad, lhs_dilation=(up, up))
        return y + layer["b"].astype(self.type)

    def block(self, layer: dict, running: dict, x: Array, **how) -> tuple[Array, dict]:
        """Convolution, batch norm by the batch's statistics, LeakyReLU; and the new running statistics."""
        x = self.conv(layer, x, **how).astype(jnp.float32)
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        count = x.size / x.shape[-1]
        batch = {"mean": mean, "variance": variance * count / (count - 1)}
        kept = jax.tree.map(lambda a, b: a + NORM_MOMENTUM * (b - a), running, batch)
        y = (x - mean) * (lax.rsqrt(variance + NORM_EPSILON) * layer["scale"]) + layer["offset"]
        return jax.nn.leaky_relu(y, SLOPE).astype(self.type), kept

    def blocks(self, layers: list, running: list, x: Array, **how) -> tuple[Array, list]:
        kept = []
        for layer, old in zip(layers, running):
            x, new = self.block(layer, old, x, **how)
            kept.append(new)
        return x, kept

    def vae(self, p: dict, running: dict, x: Array, key: Array) -> tuple[Array, Array, Array, dict]:
        h, encoder = self.blocks(p["encoder"], running["encoder"], x, strides=2)
        h = h.reshape(len(x), -1).astype(jnp.float32)
        mu, log_var = h @ p["mu"]["w"] + p["mu"]["b"], h @ p["log_var"]["w"] + p["log_var"]["b"]
        z = mu + jax.random.normal(key, mu.shape) * jnp.exp(0.5 * log_var)
        h = (z @ p["decoder_input"]["w"] + p["decoder_input"]["b"]).reshape(len(x), 2, 2, -1)
        # A transposed convolution of stride 2, padding 1, output padding 1.
        h, decoder = self.blocks(p["decoder"], running["decoder"], h, pad=((1, 2), (1, 2)), up=2)
        image = jnp.tanh(self.conv(p["image"], h).astype(jnp.float32))
        return image, mu, log_var, {"encoder": encoder, "decoder": decoder}

    def features(self, layers: list[dict], x: Array) -> list[Array]:
        """Batch norm in evaluation mode is part of a filter, but behind an output that is compared itself."""
        found, number = [], 0
        for width in VGG19:
            if width is None:
                x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
                continue
            layer = layers[number]
            x = self.conv(layer, x)
            if number in COMPARED_BARE:
                found.append(x)
                x = x * layer["scale"].astype(self.type) + layer["offset"].astype(self.type)
            x = jax.nn.relu(x)
            if number in COMPARED_ACTIVE:
                found.append(x)
            number += 1
        return found

    def loss(self, p: dict, running: dict, frozen: list, x: Array, key: Array) -> tuple[Array, dict]:
        image, mu, log_var, running = self.vae(p, running, x, key)
        kl = (-0.5 * (1 + log_var - mu**2 - jnp.exp(log_var)).sum(1)).mean()
        loss = ((image - x) ** 2).mean()
        if self.name == "VanillaVAE":
            return loss + KLD_WEIGHT * kl, running
        for made, wanted in zip(self.features(frozen, image), self.features(frozen, x)):
            loss += ((made.astype(jnp.float32) - wanted.astype(jnp.float32)) ** 2).mean()
        return BETA * loss + KLD_WEIGHT * kl, running

    def step(self, state: dict, frozen: list, x: Array) -> tuple[dict, Array]:
        """One step of Adam (arXiv 1412.6980, end of section 2)."""
        key = jax.random.fold_in(jax.random.key(0), state["step"])
        gradient = jax.value_and_grad(self.loss, has_aux=True)
        (loss, running), grads = gradient(state["trained"], state["running"], frozen, x, key)
        step = state["step"] + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, state["m"], grads)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, state["v"], grads)
        correction = jnp.sqrt(1 - BETA2**step)
        rate = LR * correction / (1 - BETA1**step)
        update = lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON * correction)
        trained = jax.tree.map(update, state["trained"], m, v)
        return {"trained": trained, "running": running, "m": m, "v": v, "step": step}, loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("VanillaVAE", "DFCVAE"), required=True)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), required=True)
    parser.add_argument("--batch", type=int, required=True)
    args = parser.parse_args()
    model = Model(args.model, args.precision)
    trained, running = init_vae()
    zeros = partial(jax.tree.map, np.zeros_like, trained)
    state = {"trained": trained, "running": running, "m": zeros(), "v": zeros(), "step": np.int32(0)}
    frozen = init_vgg() if args.model == "DFCVAE" else []
    shape = (args.batch, 64, 64, 3)
    batches = [random.uniform(-1, 1, shape).astype(np.float32) for _ in range(BATCHES)]
    state, frozen, batches = jax.device_put((state, frozen, batches))
    began = time.perf_counter()
    compiled = jax.jit(model.step, donate_argnums=0).lower(state, frozen, batches[0]).compile()
    compile_seconds = time.perf_counter() - began
    taken = 0

    def step() -> Array:
        nonlocal state, taken
        state, loss = compiled(state, frozen, batches[taken % BATCHES])
        taken += 1
        return loss

    for _ in range(WARMUP):
        last = step()
    last.block_until_ready()
    memory = jax.devices()[0].memory_stats() or {}
    ready = {"first_step_seconds": compile_seconds, "version": f"jax {jax.__version__}"}
    if "peak_bytes_in_use" in memory:
        ready["peak_bytes"] = memory["peak_bytes_in_use"]
    serve(step, float, ready)


if __name__ == "__main__":
    main()
