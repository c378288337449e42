"""Measurements as Markdown tables."""

import statistics

from .cases import CHANNELS_LAST, SHIPPED, TUNED, Case, Shape
from .measure import Measurement

#: By round; None where a case did not take part.
Rounds = list[Measurement | None]


def comparison_table(measured: dict[str, dict[Case, Rounds]]) -> str:
    """By model and case. Ratios are taken within a round, so that a drift of the machine's speed cancels."""
    against = {"as shipped": SHIPPED, "channels_last": CHANNELS_LAST, "bfloat16": TUNED}
    rows = [
        [
            "model",
            "code",
            "precision",
            "images/s",
            *(f"times {name}" for name in against),
            "step, ms",
            "peak memory",
        ]
    ]
    for model, by_case in measured.items():
        for case in sorted(by_case, key=lambda c: c.setting is None):
            rounds = by_case[case]
            ratios = [
                "" if case.setting is not None else _ratio(rounds, by_case[other]) for other in against.values()
            ]
            rows.append(
                [model, case.label, case.precision, _rates(rounds), *ratios, _phases(rounds), _peak(rounds)]
            )
    return _markdown(rows)


def scaling_table(measured: dict[Shape, tuple[Measurement, Measurement]]) -> str:
    """By shape: PyTorch-VAE as shipped, and this project, both in float32."""
    head = ["model", "batch", "images", "PyTorch-VAE, images/s", "tfjs-vae, images/s", "times"]
    rows = [[*head, "PyTorch-VAE, memory", "tfjs-vae, memory"]]
    for shape, (pytorch, ours) in measured.items():
        side = shape.image_size
        rates = [_rates([pytorch]), _rates([ours]), _ratio([ours], [pytorch])]
        rows.append(
            [shape.model, str(shape.batch_size), f"{side}x{side}", *rates, _peak([pytorch]), _peak([ours])]
        )
    return _markdown(rows)


def _good(rounds: Rounds) -> list[Measurement]:
    return [m for m in rounds if m is not None and m.failure is None]


def _rates(rounds: Rounds) -> str:
    failures = [m.failure for m in rounds if m is not None and m.failure is not None]
    if failures:
        return f"failed: {failures[0]}"
    return _spread([m.images_per_second for m in _good(rounds)])


def _ratio(ours: Rounds, theirs: Rounds) -> str:
    pairs = [(a, b) for a, b in zip(ours, theirs) if _good([a]) and _good([b])]
    ratios = [a.images_per_second / b.images_per_second for a, b in pairs]
    return f"**{statistics.median(ratios):.2f}**" + _range(ratios, "{:.2f}") if ratios else ""


def _spread(values: list[float]) -> str:
    digits = "{:.0f}" if min(values) >= 100 else "{:.1f}"
    return digits.format(statistics.median(values)) + _range(values, digits)


def _range(values: list[float], digits: str) -> str:
    return f" ({digits.format(min(values))} to {digits.format(max(values))})" if len(values) > 1 else ""


def _phases(rounds: Rounds) -> str:
    good = _good(rounds)
    told = [m.phases for m in good if m.phases]
    medians = {name: statistics.median(phases[name] for phases in told) for name in (told[0] if told else {})}
    parts = [f"{name.replace('_', ' and ')} {1000 * seconds:.0f}" for name, seconds in medians.items()]
    return ", ".join(parts if all(m.compiled for m in good) else [*parts, "not compiled"])


def _peak(rounds: Rounds) -> str:
    good = _good(rounds)
    return f"{max(m.peak_bytes for m in good) / 2**30:.1f} GiB" if good else ""


def _markdown(rows: list[list[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
