"""What the wizard knows while an installer answers: one set of answers, however many browsers.

Every change carries the number of the answers it was made on; a browser that is behind is told
so and shows what the other one did. Methods may be called from any thread.
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from gated.gate.device_trials import Section, Trials
from gated.gate.devices import sensor_variants
from gated.gate.first_boot import (
    KINDS,
    NONE,
    SUGGESTIONS,
    AnswerRefused,
    Answers,
    Offered,
    changed,
    configuration,
    missing,
    sections,
)
from gated.gate.first_files import (
    DRAFT,
    Place,
    SetupRefused,
    Written,
    check_place,
    read_draft,
    write,
)
from gated.gate.found_devices import DEV, found_devices
from gated.gate.joining import KEY_FILES, JoinFailed, join
from gated.gate.local_page import NotNow
from gated.log import logger

JOINED: Final = "joined"
_SHOWN: Final = ("id", "site", "name", "name_en", "direction")

_log = logger("setup")


class SetupSession:
    """The answers of one first start. Raises SetupRefused when nothing may be written there."""

    def __init__(self, place: Place, trials: Trials, dev: Path = DEV) -> None:
        self._place = place
        self._trials = trials
        self._dev = dev
        self._before = check_place(place)
        self._lock = threading.Lock()
        self._joining = False
        self._number = 1
        self._joined = read_draft(place)
        self._answers = Answers(hub="" if self._joined is None else JOINED)
        self._written: Written | None = None

    @property
    def written(self) -> bool:
        """Whether the configuration is in its place."""
        return self._written is not None

    def state(self) -> dict[str, Any]:
        """Return everything the page draws. Nothing secret is in it."""
        with self._lock:
            answers, joined = self._answers, self._joined
            said = (joined or {}).get("gate")
            there = [name for name in KEY_FILES if (self._place.keys / name).exists()]
            return {
                "number": self._number,
                "answers": asdict(answers),
                "joined": said and {name: said.get(name, "") for name in _SHOWN},
                "missing": missing(answers, joined=joined is not None),
                "found": {
                    kind: [asdict(one) for one in found]
                    for kind, found in found_devices(self._dev).items()
                },
                "tried": self._tried(),
                "variants": sorted(sensor_variants(), reverse=True),  # the 3 V ones first
                "suggestions": [
                    {"zh": zh, "en": en, "id": f"{start}-1"} for zh, en, start in SUGGESTIONS
                ],
                "config": str(self._place.config),
                "sample": self._before == "sample",
                "keys": bool(there),
                "written": self._written is not None,
            }

    def answer(self, number: int, given: Mapping[str, object]) -> None:
        """Take answers. Raises NotNow; then none is taken."""
        with self._lock:
            self._check(number)
            if self._joined is not None and given.get("hub", JOINED) != JOINED:
                raise NotNow("already_joined", "hub")
            fresh = {name: value for name, value in given.items() if value != JOINED}
            try:
                self._answers = changed(self._answers, fresh, self._offered())
            except AnswerRefused as error:
                raise NotNow(error.code, error.field) from error
            self._number += 1

    def join(self, number: int, address: str, code: str) -> None:
        """The gate has its keys from the hub. Blocks up to a minute. Raises NotNow.

        The other browser may answer meanwhile, but neither join nor finish: both write keys.
        """
        with self._lock:
            self._check(number)
            if self._joined is not None:
                raise NotNow("already_joined")
            if self._joining:
                raise NotNow("busy")
            self._joining = True
        joined = None
        try:
            done = join(address, code, self._place.folder, config_name=DRAFT)
        except JoinFailed as error:
            _log.warning("setup.join_failed", code=error.code)
            raise NotNow(f"join_{error.code}") from error
        else:
            joined = read_draft(self._place)
        finally:
            with self._lock:
                self._joining = False
                if joined is not None:
                    self._joined = joined
                    self._answers = replace(self._answers, hub=JOINED)
                    self._number += 1
        if joined is None:
            raise NotNow("join_failed")
        _log.info("setup.joined", gate=done.gate, site=done.site)

    def begin_trial(self, kind: object) -> int:
        """The device chosen for this kind is tried; return the trial's number. Raises NotNow."""
        with self._lock:
            section = self._sections().get(kind) if kind in KINDS else None
            if section is None or self._written is not None:
                raise NotNow("nothing_to_try")
            return self._trials.begin(str(kind), section)

    def finish(self, number: int) -> None:
        """The configuration is written, and keys where there is no hub. Raises NotNow."""
        self._trials.end()
        with self._lock:
            if self._joining:
                raise NotNow("busy")
            self._check(number)
            if lacking := missing(self._answers, joined=self._joined is not None):
                raise NotNow("not_answered", lacking[0])
            answers = self._answers
            text = configuration(answers, self._joined, self._place.keys, self._supply_v())
            try:
                self._written = write(self._place, text, alone=self._joined is None)
            except SetupRefused as error:
                _log.error("setup.not_written", problem=str(error))
                raise NotNow(error.code) from error
            self._number += 1
            made = len(self._written.new_keys)
        _log.info("setup.written", config=str(self._place.config), new_keys=made)

    def _check(self, number: int) -> None:
        if self._written is not None:
            raise NotNow("already_written")
        if number != self._number:
            raise NotNow("changed_elsewhere")

    def _offered(self) -> Offered:
        found = found_devices(self._dev)
        devices = {kind: tuple(one.path for one in found[kind]) for kind in KINDS}
        return Offered(devices, tuple(sensor_variants()))

    def _supply_v(self) -> float:
        return sensor_variants()[self._answers.variant]

    def _sections(self) -> dict[object, Section]:
        chosen = {kind: getattr(self._answers, kind) or NONE for kind in KINDS}
        made = sections(replace(self._answers, **chosen), self._supply_v())
        return {kind: section for kind, section in made.items() if section is not None}

    def _tried(self) -> dict[str, dict[str, str]]:
        """Return what each chosen device has shown with just these settings."""
        found = {}
        for kind, section in self._sections().items():
            seen, problem = self._trials.proof(section)
            found[str(kind)] = {"seen": seen, "problem": problem}
        return found
