"""Whose credential is it: the person of the open visit, somebody else's, or nobody's. Pure."""

from gated.core.model import Credential, CredentialKind, CredentialState, Holder


def same_person(one: Holder, other: Holder) -> bool:
    """Return whether both are known, and the same."""
    if one.person is None or other.person is None:
        return False
    return one.person.ref == other.person.ref


def of_different_people(one: Holder, other: Holder) -> bool:
    """Return whether two genuine credentials certainly name two people.

    With one person known there is a list, and a genuine ID card that is not on it names somebody
    else. With nobody known the list may be missing, and that is no person's fault.
    """
    genuine = (one.credential, other.credential)
    if not all(names_somebody(credential) for credential in genuine):
        return False
    if one.person is None and other.person is None:
        return False
    return not same_person(one, other)


def names_somebody(credential: Credential) -> bool:
    """Return whether a genuine credential says who holds it."""
    unknown_card = (CredentialKind.ID_CARD, CredentialState.UNKNOWN)
    active = credential.state is CredentialState.ACTIVE
    return active or (credential.kind, credential.state) == unknown_card
