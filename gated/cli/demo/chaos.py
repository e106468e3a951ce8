"""Kills and freezes broker, hub and gates at random moments; everything must come out right."""

import random
import signal
import threading

from gated.cli.demo.world import World

GAP_S = (2.0, 6.0)  # between two blows
FROZEN_S = (0.3, 2.0)
DOWN_S = (0.1, 1.0)


class Chaos:
    """One thread of bad luck over a demo's programs."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = random.Random(seed + 1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos")
        self.blows: list[str] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; every program runs again afterwards."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._random.uniform(*GAP_S)):
            name = self._random.choice(sorted(self._world.programs))
            program = self._world.programs[name]
            if self._random.choice((True, False)):
                self.blows.append(f"freeze {name}")
                program.signal(signal.SIGSTOP)
                self._over.wait(self._random.uniform(*FROZEN_S))
                program.signal(signal.SIGCONT)
            else:
                self.blows.append(f"kill {name}")
                program.kill()
                self._over.wait(self._random.uniform(*DOWN_S))
                program.start()
        for program in self._world.programs.values():
            program.signal(signal.SIGCONT)
