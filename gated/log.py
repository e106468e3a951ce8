"""Sets up structured logging: readable on a terminal, JSON lines elsewhere, always on stderr.

INFO a state changed, WARNING degraded and healing, ERROR a person must act, DEBUG bytes.
No names, whole numbers or pass texts: people are pseudonyms, credentials are kinds.
"""

import logging
import sys

import structlog

Logger = structlog.typing.FilteringBoundLogger


def configure(*, verbose: bool = False) -> None:
    """Make every logger of this process write to stderr in the house form."""
    interactive = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if interactive else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger(part: str) -> Logger:
    """Return the logger of one part of the program, for example `engine`."""
    bound: Logger = structlog.get_logger(part=part)
    return bound
