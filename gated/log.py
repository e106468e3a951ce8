"""Sets up structured logging: readable on a terminal, JSON lines elsewhere, always on stderr.

INFO a state changed, WARNING degraded and healing, ERROR a person must act, DEBUG bytes.
No names, whole numbers or pass texts: people are pseudonyms, credentials are kinds.
"""

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import structlog

    Logger = structlog.typing.FilteringBoundLogger
else:
    # structlog imports Rich when it finds it, to colour tracebacks. The gate has no use for that
    # and 3 MB less without it, so that one import is told that Rich is not there.
    _present = sys.modules.get("rich")
    sys.modules["rich"] = None
    try:
        import structlog
    finally:
        del sys.modules["rich"]
        if _present is not None:
            sys.modules["rich"] = _present


def configure(*, verbose: bool = False) -> None:
    """Make every logger of this process write to stderr in the house form."""
    # The terminal's renderer writes tracebacks itself.
    form: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *form,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger(part: str) -> "Logger":
    """Return the logger of one part of the program, for example `engine`."""
    bound: Logger = structlog.get_logger(part=part)
    return bound
