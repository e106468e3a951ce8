"""How hard the randomised tests try: a sample by default, the full counts with --long."""

import os

LONG = bool(os.environ.get("GATED_TEST_LONG"))


def examples(fast: int, factor: int = 50) -> int:
    """Return how many random examples to run."""
    return fast * factor if LONG else fast
