"""A list on offer, as publishing leaves it in the hub's tables."""

from collections.abc import Mapping

from sqlalchemy import insert

from gated.contract.bundle import Manifest
from gated.hub.database import HubDatabase
from gated.hub.published import newest_manifest
from gated.hub.schema import BUNDLE, CHUNK
from tests.support.office import Desk


def offered(desk: Desk) -> Manifest:
    """What the gates of the first site are offered now."""
    with desk.office.database.reading() as connection:
        found = newest_manifest(connection, "east")
    assert found is not None
    return found


def plant_bundle(
    database: HubDatabase,
    roster: str,
    rev: int,
    pieces: Mapping[int, bytes],
    *,
    sha: bytes = bytes(range(32)),
    manifest: bytes = b"{}",
) -> bytes:
    """The revision is on offer with the pieces of its object; return the tag they are asked by."""
    rows = [{"tag": sha[:16], "piece": index, "data": data} for index, data in pieces.items()]
    with database.writing("plant a bundle") as connection:
        connection.execute(
            insert(BUNDLE).values(roster=roster, rev=rev, manifest=manifest, sha=sha)
        )
        connection.execute(insert(CHUNK), rows)
    return sha[:16]
