"""What was measured."""

from dataclasses import dataclass, field

from cases import Case


@dataclass
class Measurement:
    """Of one side and case; rates are images/s, one a round."""

    side: str
    case: Case
    #: Each step's loss waited for before the next begins.
    one_at_a_time: list[float] = field(default_factory=list)
    #: Only the last step's loss waited for.
    queued: list[float] = field(default_factory=list)
    #: Of a whole training run with its data loader; ours alone.
    training: list[float] = field(default_factory=list)
    first_step_seconds: float | None = None
    #: Of the device's memory.
    peak_bytes: int | None = None
    version: str = ""
    #: Why something is missing.
    failure: str | None = None
