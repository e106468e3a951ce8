"""`gated` as a child process, run to its end."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

LIMIT_S = 110.0  # below the limit of a test


@dataclass
class Ended:
    """How a program ended and what it said."""

    code: int
    stdout: str
    stderr: str


class Running:
    """A program that was started in a folder of its own, away from the checkout."""

    def __init__(self, command: list[str], folder: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever still runs is told to end as by Ctrl-C, so that it ends its own children."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.communicate(timeout=LIMIT_S)

    def told(self, words: str) -> list[str]:
        """Read what it says to people up to the line with these words; return those lines.

        A program that ends before it says them fails the test, which shows what it did say.
        """
        assert self._process.stderr is not None
        lines = []
        for line in self._process.stderr:
            lines.append(line.rstrip("\n"))
            if words in line:
                return lines
        raise AssertionError(f"it ended without saying {words!r}:\n" + "\n".join(lines))

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Press Ctrl-C, or send another signal."""
        self._process.send_signal(number)

    def end(self, limit_s: float = LIMIT_S) -> Ended:
        """Wait for its end. A failure shows what it said until then."""
        try:
            stdout, stderr = self._process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGINT)
            stdout, stderr = self._process.communicate()
            stderr += f"not at its end after {limit_s} s\n"
        return Ended(self._process.returncode, stdout, stderr)


def demo_report(ended: Ended) -> dict[str, Any]:
    """The JSON in the last line of a demo; a failure shows what the demo said."""
    assert ended.code == 0, ended.stderr + ended.stdout
    report: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return report
