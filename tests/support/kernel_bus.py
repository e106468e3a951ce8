"""Starts tests/support/i2c_kernel.py beside a test and says how programs come to its bus."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.thermometer.simulator import Mlx90614Model
from drivers.thermometer.simulator_remote import ModelServer

SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's bindings are no packages of a virtual environment
KERNEL = Path(__file__).with_name("i2c_kernel.py")
LIMIT_S = 40.0
# As root, the modes of files count only without these.
_AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


class KernelBus:
    """A /dev/i2c-1 with this model on it, for programs that are given `environment`.

    options: as i2c_kernel.py takes them.
    """

    def __init__(self, model: Mlx90614Model, folder: Path, **options: Any) -> None:
        wrapper = shutil.which("umockdev-wrapper")
        assert wrapper, "umockdev is not installed; script/test does that"
        self._server = ModelServer(model)
        try:
            self._kernel = subprocess.Popen(
                [
                    *(wrapper, SYSTEM_PYTHON, str(KERNEL)),
                    *(self._server.address, json.dumps(options)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"TMPDIR": str(folder)},
            )
            assert self._kernel.stdout is not None, "it is a pipe"
            root = self._kernel.stdout.readline().strip()
            assert root, "no bus; script/test installs gir1.2-umockdev-1.0 and python3-gi"
        except BaseException:
            self._server.close()
            raise
        self.environment = {
            "UMOCKDEV_DIR": root,
            "LD_PRELOAD": "libumockdev-preload.so.0",  # all that umockdev-wrapper does
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._kernel.stdin is not None, "it is a pipe"
        self._kernel.stdin.close()
        self._kernel.wait(LIMIT_S)
        assert self._kernel.stdout is not None, "it is a pipe"
        self._kernel.stdout.close()
        self._server.close()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program on this bus to its end; file modes count even for root."""
        rights = _AS_ANYBODY if os.geteuid() == 0 else ()
        return subprocess.run(
            [*rights, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
            env=os.environ | self.environment,
        )

    def python(self, program: str) -> dict[str, Any]:
        """Run a Python program that prints one JSON object; return that."""
        done = self.run(sys.executable, "-c", program)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found
