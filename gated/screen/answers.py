"""How a posted body becomes an answer: limits, refusals, and the wait in a thread of its own."""

from collections.abc import Callable
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from gated.screen.actions import ActionRejected
from gated.screen.reports import Answer


async def answered(
    request: Request, limit: int, take: Callable[[bytes], Answer], *, recorded: bool = False
) -> Response:
    """Take the body on a thread of the pool: whoever waits there keeps no stream waiting.

    recorded: the answer says whether the record is on the card already.
    """
    body = await body_of(request, limit)
    if isinstance(body, Response):
        return body
    try:
        answer = await run_in_threadpool(take, body)
    except ActionRejected as error:
        return refused(422, error.field, str(error))
    if answer.refusal:
        return refused(409, "", answer.refusal, answer.wait_s)
    more = {"recorded": answer.recorded} if recorded else {}
    return JSONResponse({"ok": True, **more})


async def body_of(request: Request, limit: int) -> bytes | Response:
    """Return the bytes of a JSON request, or the refusal.

    How long they may take is the connection's to say (connections.py): it is cut off then.
    """
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return refused(415, "", "an order is sent as application/json")
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return refused(413, "", f"an order has at most {limit} bytes")
    except ClientDisconnect:  # nobody reads the answer; no stack trace for it either
        return refused(408, "", "the order was cut off")
    return body


def refused(
    status: Literal[401, 403, 408, 409, 413, 415, 422, 503],
    field: str,
    detail: str,
    wait_s: int = 0,
) -> Response:
    """Return a refusal that names the field at fault, if one is, and repeats nothing."""
    wait = {"wait_s": wait_s} if wait_s else {}
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(
        {"error": detail, "field": field, **wait}, status_code=status, headers=headers
    )
