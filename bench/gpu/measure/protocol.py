"""What a measured process and the one that measures it say to each other, a line of JSON each.

The process compiles and warms up, says `ready`, then times steps whenever it is asked. So the sides can compile side
by side and be timed alone, in turn.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any


def say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def serve(step: Callable[[], Any], wait: Callable[[Any], float], ready: dict[str, Any]) -> None:
    """Answers requests until standard input ends.

    `step` starts a training step and returns its loss on the device; `wait` waits for a loss and returns it.
    """
    say(event="ready", **ready)
    for line in sys.stdin:
        steps = int(line)
        seconds = []
        for _ in range(steps):
            began = time.perf_counter()
            loss = wait(step())
            seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(steps):
            last = step()
        loss = wait(last)
        queued = (time.perf_counter() - began) / steps
        say(event="timed", one_at_a_time=statistics.median(seconds), queued=queued, loss=loss)
