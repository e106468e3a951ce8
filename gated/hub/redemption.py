"""What a new gate gets for its one-time code, and what everybody else gets: one word.

A gate gets a certificate in its own name, the site's two keys (sealed to the asking gate), the
trust table and where the broker is. A wrong code, a blocked one and one that never was are the
same answer; only who knows the whole secret learns that a code was used or has expired.
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, select, update

from gated.contract import enrolment as contract
from gated.contract.enrolment import Broker, JoinAnswer, JoinRequest, SiteSecrets
from gated.core.trust import format_trust
from gated.errors import ConfigError, ContractError
from gated.hub.audit import Action
from gated.hub.authority import open_authority
from gated.hub.enrolment import TRIES_MAX, EnrolmentRefused, may_be_of, stored_hash
from gated.hub.office import Office
from gated.hub.roles import Actor, Role
from gated.hub.schema_office import ENROLMENT
from gated.hub.schema_records import GATE_SITE
from gated.store import keys
from gated.store.sealed_box import public_of, seal_to

FAILURES_MAX: Final = 10
FAILURES_S: Final = 60.0
ADDRESSES_MAX: Final = 1024

Refusal = Literal["wrong_code", "used", "expired"]


class Throttle:
    """Counts refused tries per address: ten a minute, then nothing is looked at. Any thread."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._failures: dict[str, list[float]] = {}

    def allows(self, address: str) -> bool:
        """Return whether a try from this address is looked at."""
        with self._lock:
            return len(self._recent(address)) < FAILURES_MAX

    def failed(self, address: str) -> None:
        """Note a refused try."""
        with self._lock:
            recent = self._recent(address)
            self._failures.pop(address, None)
            while len(self._failures) >= ADDRESSES_MAX:
                del self._failures[next(iter(self._failures))]
            self._failures[address] = [*recent, self._clock_s()][-FAILURES_MAX:]

    def _recent(self, address: str) -> list[float]:
        since = self._clock_s() - FAILURES_S
        return [at for at in self._failures.get(address, ()) if at > since]


class Redemption:
    """Takes codes; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def redeem(self, request: JoinRequest) -> JoinAnswer:
        """Return everything the code's gate needs; the code is used up, the gate is of its site.

        Raises EnrolmentRefused (wrong_code, used, expired), ContractError for a request that
        cannot be served (the code stays good), ConfigError when this hub has no authority.
        """
        token = contract.normal(request.code)
        now_ms = self._office.utc_ms()
        answer: JoinAnswer | None = None
        refusal: Refusal = "wrong_code"
        with self._office.database.writing("redeem an enrolment code") as connection:
            row = self._row(connection, token)
            if row is not None and row.used_ms is not None:
                refusal = "used"
            elif row is not None and (
                row.expires_ms <= now_ms or not self._may_join(connection, row)
            ):
                refusal = "expired"
            elif row is not None:
                answer = self._join(connection, row, request, now_ms)
        # Raised only now: a wrong try must be counted, not rolled back.
        if answer is None:
            raise EnrolmentRefused(refusal, f"an enrolment code was refused: {refusal}")
        return answer

    def _may_join(self, connection: Connection, row: Row[Any]) -> bool:
        alone = len(self._office.sites) == 1
        return may_be_of(connection, row.gate, row.site, alone=alone)

    def _row(self, connection: Connection, token: str) -> Row[Any] | None:
        """Return the row of this code; a wrong secret counts as a try and brings nothing."""
        columns = ENROLMENT.c
        number = token[: contract.NUMBER_CHARACTERS]
        query = select(ENROLMENT).where(columns.id == number).with_for_update()
        row = connection.execute(query).first()
        held = bytes(hashlib.sha256().digest_size) if row is None else row.secret_hash
        fits = hmac.compare_digest(stored_hash(self._office, token), held)
        if row is None or row.tries >= TRIES_MAX:
            return None
        if not fits:
            wrong = update(ENROLMENT).where(columns.id == number)
            connection.execute(wrong.values(tries=columns.tries + 1))
            self._note(connection, row, "wrong code")
            return None
        return row

    def _join(
        self, connection: Connection, row: Row[Any], request: JoinRequest, now_ms: int
    ) -> JoinAnswer:
        config = self._office.config
        settings = config.authority
        if settings is None:
            raise ConfigError("this hub signs no certificates; add [authority] to hub.toml")
        authority = open_authority(settings.cert, settings.key)
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        issued = authority.issue(request.csr, row.gate, now, settings.days)
        site = self._office.site(row.site)
        answer = JoinAnswer(
            gate=row.gate,
            site=site.id,
            name=row.name,
            name_en=row.name_en,
            direction=row.direction,
            timezone=site.zone.key,
            roster=site.roster,
            broker=Broker(host=settings.broker_host, port=settings.broker_port),
            certificate=issued.pem,
            ca=authority.pem,
            trust=format_trust(keys.read_trust(config.keys.trust)),
            hub_seal_public=public_of(self._office.seal_key).hex(),
            sealed=_sealed(request, row.gate, site.keys).hex(),
        )
        used = update(ENROLMENT).where(ENROLMENT.c.id == row.id)
        connection.execute(used.values(used_ms=now_ms))
        _assign(connection, row, now_ms, issued.until_ms)
        self._note(connection, row, "joined")
        return answer

    def _note(self, connection: Connection, row: Row[Any], result: str) -> None:
        # Whoever types the code acts with the right of the officer who made it.
        actor = Actor(f"gate:{row.gate}", Role.OFFICER, row.site)
        self._office.audit.note(
            actor, Action.ENROL, target=row.gate, result=result, connection=connection
        )


def _sealed(request: JoinRequest, gate: str, site: keys.SiteKeys) -> bytes:
    secrets = SiteSecrets(site_key=site.site.hex(), rest_key=site.rest.hex())
    body = secrets.model_dump_json().encode()
    try:
        return seal_to(bytes.fromhex(request.seal_to), body, contract.seal_context(gate))
    except ValueError as error:
        raise ContractError("join: seal_to is no X25519 public key") from error


def _assign(connection: Connection, row: Row[Any], now_ms: int, until_ms: int) -> None:
    """The gate is one of the site, under the names of its code."""
    values = {"name": row.name, "name_en": row.name_en, "enrolled_by": row.by}
    values |= {"site": row.site, "cert_until_ms": until_ms, "retired_ms": None}
    known = update(GATE_SITE).where(GATE_SITE.c.gate == row.gate)
    if connection.execute(known.values(**values)).rowcount == 0:
        connection.execute(insert(GATE_SITE).values(gate=row.gate, since_ms=now_ms, **values))
