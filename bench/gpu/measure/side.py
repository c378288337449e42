"""A process of pytorch_side.py or jax_side.py."""

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

from cases import Case
from results import Measurement

#: Many compile at once; each of PyTorch's would else start a process a core.
ENVIRONMENT = {"TORCHINDUCTOR_COMPILE_THREADS": "4", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


class Side:
    """Compiles as soon as it is made, beside others; is timed when asked."""

    def __init__(self, name: str, case: Case, command: list[str], log: Path) -> None:
        self.name = name
        self.case = case
        self.measured = Measurement(name, case)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors = log.open("w")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=self._errors, text=True, env=os.environ | ENVIRONMENT
        )
        threading.Thread(target=self._read, daemon=True).start()

    def await_ready(self, seconds: float) -> bool:
        answer = self._answer("ready", seconds)
        if answer is None:
            return False
        self.measured.first_step_seconds = answer["first_step_seconds"]
        self.measured.peak_bytes = answer.get("peak_bytes")
        self.measured.version = answer["version"]
        return True

    def time(self, steps: int, seconds: float) -> None:
        """A round more, of `steps` steps one at a time and as many queued."""
        if self.measured.failure is not None:
            return
        try:
            self._process.stdin.write(f"{steps}\n")
            self._process.stdin.flush()
        except OSError:
            self._fail("ended")
            return
        answer = self._answer("timed", seconds)
        if answer is not None:
            batch = self.case.batch
            self.measured.one_at_a_time.append(batch / answer["one_at_a_time"])
            self.measured.queued.append(batch / answer["queued"])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _answer(self, event: str, seconds: float) -> dict | None:
        """The next line of that event; others, a library's words, are passed over."""
        try:
            while (line := self._lines.get(timeout=max(0.1, seconds))) is not None:
                if line.startswith("{") and (answer := json.loads(line)).get("event") == event:
                    return answer
            self._fail(f"ended with code {self._process.wait(5)}: see its log")
        except queue.Empty:
            self._fail(f"nothing after {seconds:.0f} s")
        return None

    def _fail(self, why: str) -> None:
        self.measured.failure = why
        self.close()
        print(f"-- {self.name} {self.case}: {why}", file=sys.stderr, flush=True)
