"""A new gate: the office makes its one-time code here, and the gate redeems it here.

GET, POST /s/<site>/gates/enrol        the form and the open codes; the code, shown once
POST /s/<site>/gates/enrol/withdraw    an open code dies
POST /enrol                            JSON, without a log-in: gated/contract/enrolment.py
"""

from typing import Final

import segno
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gated.contract.enrolment import BODY_MAX, ENROL_PATH, JoinRefused, JoinRequest, scanned
from gated.contract.messages import Message
from gated.errors import ConfigError, ContractError, StoreError
from gated.hub.enrolment import EnrolmentRefused, Enrolments, NewGate
from gated.hub.office import Office
from gated.hub.redemption import Redemption, Throttle
from gated.hub.roles import Right
from gated.hub.web.border import BodyTooLarge, limited
from gated.hub.web.paging import Page
from gated.hub.web.visit import NO_STORE, Visit
from gated.log import logger

OK: Final = 200
BAD_REQUEST, FORBIDDEN, TOO_LARGE, TOO_MANY, UNAVAILABLE = 400, 403, 413, 429, 503
PICTURE_SCALE: Final = 6

_log = logger("web")


def open_routes(office: Office) -> tuple[Route, ...]:
    """Return what gates may ask before they have any certificate."""
    redemption, throttle = Redemption(office), Throttle()

    async def serve(request: Request) -> Response:
        address = request.client.host if request.client is not None else ""
        if not throttle.allows(address):
            return _said(JoinRefused(error="busy"), TOO_MANY)
        try:
            body = await Request(request.scope, limited(request.receive, BODY_MAX)).body()
        except BodyTooLarge:
            return _said(JoinRefused(error="bad_request"), TOO_LARGE)
        except ClientDisconnect:
            return Response(status_code=BAD_REQUEST)
        return await run_in_threadpool(_redeem, redemption, throttle, address, body)

    return (Route(ENROL_PATH, serve, methods=["POST"]),)


def _redeem(redemption: Redemption, throttle: Throttle, address: str, body: bytes) -> Response:
    """Return what the code brings. Whatever goes wrong counts against the asking address."""
    try:
        answer = redemption.redeem(JoinRequest.decode(body))
    except ContractError as error:
        throttle.failed(address)
        _log.warning("hub.join_refused", code="bad_request", cause=str(error))
        return _said(JoinRefused(error="bad_request"), BAD_REQUEST)
    except EnrolmentRefused as error:
        throttle.failed(address)
        _log.warning("hub.join_refused", code=error.code)
        return _said(JoinRefused.model_validate({"error": error.code}), FORBIDDEN)
    except ConfigError as error:
        _log.error("hub.join_failed", cause=str(error))
        return _said(JoinRefused(error="no_authority"), UNAVAILABLE)
    except StoreError as error:
        _log.error("hub.join_failed", cause=str(error))
        return _said(JoinRefused(error="busy"), UNAVAILABLE)
    _log.info("hub.gate_joined", gate=answer.gate, site=answer.site)
    return _said(answer, OK)


def _said(message: Message, status: int) -> Response:
    body = message.model_dump_json(exclude_none=True)
    return Response(body, status, NO_STORE, "application/json")


def enrol(visit: Visit) -> Response:
    """Show the form; a filled one brings a code, shown this once."""
    form = visit.form if visit.request.method == "POST" else {}
    if not form:
        return _form(visit)
    wanted = NewGate(
        gate=form.get("gate", "").strip().lower(),
        name=form.get("name", ""),
        name_en=form.get("name_en", ""),
        direction="out" if form.get("direction") == "out" else "in",
    )
    try:
        ticket = Enrolments(visit.office).make(visit.actor, wanted)
    except EnrolmentRefused as error:
        return _form(visit, wanted, error.code)
    address = f"https://{visit.request.headers['host']}"
    text = scanned(address, ticket.code)
    picture = segno.make(text, micro=False, error="m").svg_data_uri(scale=PICTURE_SCALE, border=4)
    return visit.page("gates_code.html", ticket=ticket, address=address, picture=picture)


def withdraw(visit: Visit) -> Response:
    """The code of this number is worth nothing."""
    if not Enrolments(visit.office).withdraw(visit.actor, visit.form.get("number", "")):
        return visit.refused("gates.no_such_code")
    return visit.redirect("/gates/enrol", "gates.withdrawn")


def _form(visit: Visit, wanted: NewGate | None = None, problem: str = "") -> Response:
    return visit.page(
        "gates_enrol.html",
        status=OK if not problem else BAD_REQUEST,
        wanted=wanted or NewGate(""),
        problem=problem,
        codes=Enrolments(visit.office).open_codes(visit.site.id),
    )


PAGES: Final[tuple[Page, ...]] = (
    Page("/gates/enrol", enrol, Right.ENROL_GATE, ("GET", "POST"), once=True),
    Page("/gates/enrol/withdraw", withdraw, Right.ENROL_GATE, ("POST",)),
)
