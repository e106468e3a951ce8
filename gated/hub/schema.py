"""The hub's tables, the same on SQLite and PostgreSQL. store.py says what each one holds."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

EVENT = Table(
    "event",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("fault", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

SIDE = Table(
    "side",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

CURSOR = Table(
    "cursor",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("ranges", Text, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
)

PARKED = Table(
    "parked",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("code", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

GATE = Table(
    "gate",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("online", Boolean, nullable=False, default=False),
    Column("sid", BigInteger, nullable=False, default=0),
    Column("epoch", Text, nullable=False, default=""),
    Column("last", BigInteger, nullable=False, default=0),
    Column("backlog", BigInteger, nullable=False, default=0),
    Column("roster_rev", BigInteger, nullable=False, default=0),
    Column("software", Text, nullable=False, default=""),
    Column("status", Text, nullable=False, default=""),
    Column("seen_ms", BigInteger, nullable=False, default=0),
)

BUNDLE = Table(
    "bundle",
    METADATA,
    Column("roster", Text, primary_key=True),
    Column("rev", BigInteger, primary_key=True, autoincrement=False),
    Column("sha", LargeBinary, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
)

CHUNK = Table(
    "chunk",
    METADATA,
    Column("tag", LargeBinary, primary_key=True),
    Column("piece", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

SETTING = Table(
    "setting",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
