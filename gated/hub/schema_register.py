"""The register's tables: who is who at each site. register.py says what each one holds.

Names, numbers, rooms and cards lie in `sealed` only; what is in clear are pseudonyms, categories
and statuses, as a gate's own list has them. `digest` tells whether a table's line says of somebody
what is known already; it is keyed and of the whole line, so nothing can be searched by it.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from gated.hub.schema import METADATA

PERSON = Table(
    "person",
    METADATA,
    Column("site", Text, primary_key=True),
    Column("ref", LargeBinary, primary_key=True),
    Column("household", LargeBinary),
    Column("category", Text, nullable=False),
    Column("flags", Text, nullable=False, default="[]"),
    Column("office_flags", Text, nullable=False, default="[]"),
    Column("sealed", LargeBinary, nullable=False),
    Column("digest", LargeBinary),
    Column("start_ms", BigInteger),
    Column("end_ms", BigInteger),
    Column("slot_start_ms", BigInteger),
    Column("slot_end_ms", BigInteger),
    Column("slot_uses", Integer),
    Column("origin", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("changed_rev", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("removed_ms", BigInteger),
    Index("person_household", "site", "household"),
    Index("person_changed", "site", "changed_rev"),
)

# People of a large table before they are switched in: the same columns, and whose table it is.
PERSON_NEXT = Table(
    "person_next",
    METADATA,
    Column("batch", Text, primary_key=True),
    *(
        Column(c.name, c.type, primary_key=c.name == "ref", nullable=c.nullable)
        for c in PERSON.columns
    ),
)

PERSON_WORD = Table(
    "person_word",
    METADATA,
    Column("site", Text, primary_key=True),
    Column("word", LargeBinary, primary_key=True),
    Column("ref", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

PERSON_ALIAS = Table(
    "person_alias",
    METADATA,
    Column("site", Text, primary_key=True),
    Column("old", LargeBinary, primary_key=True),
    Column("since_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("ref", LargeBinary, nullable=False),
    Column("until_ms", BigInteger),
    sqlite_with_rowid=False,
)

STATUS = Table(
    "status",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", Text, nullable=False),
    Column("ref", LargeBinary, nullable=False),
    Column("code", Text, nullable=False),
    Column("start_ms", BigInteger),
    Column("end_ms", BigInteger),
    Column("origin", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_ms", BigInteger, nullable=False),
    Column("ended_by", Text, nullable=False, default=""),
    Column("ended_ms", BigInteger),
    Index("status_person", "site", "ref"),
    Index("status_code", "site", "code"),
)

NOTE = Table(
    "note",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", Text, nullable=False),
    Column("ref", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("value_mc", Integer),
    Column("sealed", LargeBinary, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Index("note_person", "site", "ref", "t_ms"),
)

UPLOAD = Table(
    "upload",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("based_on_rev", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("summary", Text, nullable=False),
    Column("state", Text, nullable=False),
)
