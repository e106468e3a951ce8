"""What one rule says: an effect, a code, and whether it is certain."""

from dataclasses import dataclass
from enum import StrEnum

from gated.core.reasons import Code


class Effect(StrEnum):
    """How a finding weighs in the verdict."""

    FORBID = "forbid"
    REVIEW = "review"
    PERMIT = "permit"
    NOTE = "note"
    SILENT = "silent"  # changes no verdict and is never shown; the station is alerted


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's word. known False: the rule could not tell, and `code` is its unknown code."""

    effect: Effect
    code: Code
    known: bool = True


def forbid(code: Code, *, known: bool = True) -> Finding:
    """Return a finding that stops, or checks when it is not certain."""
    return Finding(Effect.FORBID, code, known)


def review(code: Code) -> Finding:
    """Return a finding that asks the guard."""
    return Finding(Effect.REVIEW, code)


def permit(code: Code, *, known: bool = True) -> Finding:
    """Return a finding that admits, or checks when no other permit is certain."""
    return Finding(Effect.PERMIT, code, known)


def note(code: Code) -> Finding:
    """Return a finding that only informs."""
    return Finding(Effect.NOTE, code)
