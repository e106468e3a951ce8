"""Tables of the people who work with the hub: accounts, roles, log-ins, audit, orders to gates."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from gated.hub.schema import METADATA

ACCOUNT = Table(
    "account",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("shown", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("language", Text, nullable=False, default="zh"),
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until_ms", BigInteger, nullable=False, default=0),
)

ACCOUNT_ROLE = Table(
    "account_role",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("role", Text, nullable=False),
)

LOGIN = Table(
    "login",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False, default=""),
)

ONCE = Table(
    "once",
    METADATA,
    Column("token", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("done_ms", BigInteger, nullable=False),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("t_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("audit_site", "site", "id"),
)

COMMAND = Table(
    "command",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("gate", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("cmd", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("result", Text, nullable=False, default=""),
    Index("command_state", "state", "gate"),
    Index("command_number", "gate", "n", unique=True),
)

ENROLMENT = Table(
    "enrolment",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("site", Text, nullable=False),
    Column("gate", Text, nullable=False),
    Column("name", Text, nullable=False, default=""),
    Column("name_en", Text, nullable=False, default=""),
    Column("direction", Text, nullable=False, default="in"),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("used_ms", BigInteger),
    Column("by", Text, nullable=False),
)
