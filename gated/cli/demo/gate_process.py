"""`gated run` whose thermometer bus leads to the demo's register model. Nothing else differs."""

import sys
from pathlib import Path

from drivers.thermometer.simulator_remote import open_simulated
from gated import config, log
from gated.gate import app


def main() -> int:
    """Run the gate described by the file named on the command line; return its exit code."""
    log.configure()
    return app.run(config.load(Path(sys.argv[1])), open_simulated)


if __name__ == "__main__":
    sys.exit(main())
