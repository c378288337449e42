"""The results as Markdown and JSON."""

import statistics
from dataclasses import asdict

from cases import LABELS, Case
from results import Measurement

HEAD = [
    "model",
    "batch",
    "code",
    "precision",
    "images/s, queued",
    "images/s, a step at a time",
    "images/s, training",
    "first step, s",
    "device memory",
]


def table(measured: list[Measurement], cases: list[Case]) -> str:
    """By case, this project's row first."""
    rows = [HEAD, ["---"] * len(HEAD)]
    for case in sorted(cases, key=lambda c: (c.model, c.batch, c.precision)):
        of_case = [m for m in measured if m.case == case]
        rows += [_row(m) for m in sorted(of_case, key=lambda m: m.side != "ours")]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def ratios(measured: list[Measurement], cases: list[Case]) -> str:
    """This project's queued rate over that of the fastest torch.compile and of jax."""
    head = ["model", "batch", "precision", "times torch.compile", "times jax"]
    rows = [head, ["---"] * len(head)]
    for case in cases:
        rates = {m.side: statistics.median(m.queued) for m in measured if m.case == case and m.queued}
        if "ours" not in rates:
            continue
        compiled = max((r for side, r in rates.items() if side.startswith(("compiled", "graphs"))), default=None)
        over = [f"**{rates['ours'] / r:.2f}**" if r else "" for r in (compiled, rates.get("jax"))]
        rows.append([case.model, str(case.batch), case.precision, *over])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def losses_table(found: list[dict]) -> str:
    head = ["model", "precision", "first losses", "a CPU's", "largest difference", "allowed"]
    rows = [head, ["---"] * len(head)]
    for f in found:
        numbers = [", ".join(f"{v:.4f}" for v in f[key][:3]) for key in ("losses", "cpu")]
        verdict = f"{f['worst']:.2%}" + ("" if f["good"] else " **too much**")
        rows.append([f["model"], f["precision"], *numbers, verdict, f"{f['tolerance']:.1%}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def as_json(measured: list[Measurement]) -> list[dict]:
    return [asdict(m) for m in measured]


def _row(m: Measurement) -> list[str]:
    if m.failure is not None and not (m.queued or m.training):
        return [m.case.model, str(m.case.batch), LABELS[m.side], m.case.precision, m.failure, "", "", "", ""]
    memory = "" if m.peak_bytes is None else f"{m.peak_bytes / 2**20:,.0f} MiB"
    first = "" if m.first_step_seconds is None else f"{m.first_step_seconds:.1f}"
    rates = [_rates(r) for r in (m.queued, m.one_at_a_time, m.training)]
    return [m.case.model, str(m.case.batch), LABELS[m.side], m.case.precision, *rates, first, memory]


def _rates(rounds: list[float]) -> str:
    """The median of the rounds, and the lowest and highest."""
    if not rounds:
        return ""
    middle = f"{statistics.median(rounds):,.0f}"
    if len(rounds) == 1:
        return middle
    return f"{middle} ({min(rounds):,.0f} to {max(rounds):,.0f})"
