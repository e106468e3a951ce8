"""What a page of a site is: where it is found, who may see it, what answers."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from gated.hub.roles import Right
from gated.hub.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Page:
    """One page below /s/<site>. right: what the visitor's role must have; None: any role.

    once: a POST counts as carried out whatever its answer below 400. Otherwise only one that ends
    in a redirect counts, so that searches and downloads may be repeated, and a refused form may
    be sent again. Set it where a POST changes something and answers with a page.
    """

    path: str
    handler: Callable[[Visit], Response]
    right: Right | None
    methods: tuple[str, ...] = ("GET",)
    once: bool = False
