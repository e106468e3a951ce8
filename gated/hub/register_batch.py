"""Many people changed at once: laid beside the register bit by bit, then switched in together.

    lay     person_next gets the rows, a few thousand a transaction; nobody reads them
    switch  one statement takes away the old rows, one copies the new ones: a second for 100,000
    clear   person_next is empty again, whatever happened

So the hub goes on taking events while a large table is taken.
"""

from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from gated.hub.database import HubDatabase, insert_many
from gated.hub.register_rows import Rows, pieces, write_statuses
from gated.hub.schema_register import PERSON, PERSON_NEXT

FEW: Final = 2_000  # so many are written faster than laid aside
LAID_AT_ONCE: Final = 20_000


def lay(database: HubDatabase, batch: str, rows: Rows) -> None:
    """The rows lie beside the register under the name of this batch."""
    for piece in pieces(rows.people, LAID_AT_ONCE):
        with database.writing("lay people beside the register") as connection:
            insert_many(connection, PERSON_NEXT, [(batch, *values) for values in piece])


def switch(connection: Connection, batch: str, rows: Rows) -> bool:
    """The register holds the people of the batch as `write` would write them.

    Return False when the batch does not lie there whole: the transaction must then be given up.
    """
    mine = PERSON_NEXT.c.batch == batch
    laid = connection.execute(select(func.count()).where(mine)).scalar_one()
    if laid != len(rows.people):
        return False
    if rows.replaced:
        refs = select(PERSON_NEXT.c.ref).where(mine)
        connection.execute(delete(PERSON).where(PERSON.c.site == rows.site, PERSON.c.ref.in_(refs)))
    names = [column.name for column in PERSON.columns]
    columns = [PERSON_NEXT.c[name] for name in names]
    source = select(*columns).where(mine).order_by(PERSON_NEXT.c.ref)
    connection.execute(insert(PERSON).from_select(names, source))
    write_statuses(connection, rows)
    return True


def clear(database: HubDatabase, site: str) -> None:
    """Nothing lies beside the register of this site."""
    with database.writing("clear what lay beside the register") as connection:
        connection.execute(delete(PERSON_NEXT).where(PERSON_NEXT.c.site == site))
