"""`gated run --config FILE` for the bench: the same imports, the thermometer on a simulated bus."""

import sys
from pathlib import Path

from drivers.thermometer.simulator_remote import open_simulated
from gated import config, log
from gated.cli import main as command_line
from gated.cli import run as run_command
from gated.gate import app

SAME_AS_RUN = (command_line, run_command)  # imported as `gated run` does: they count as memory


if __name__ == "__main__":
    log.configure()
    sys.exit(app.run(config.load(Path(sys.argv[1])), open_simulated))
