"""Tables made from the gates' events so that people can search them; the events stay the truth.

Everything here but `late_entry` and the answers in `inbox` can be made again from table `event`.
projector.py fills them, late_entry.py adds what was written on paper.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from gated.hub.schema import METADATA

UNSURE = text("clock = 0")
"""Rows whose gate was unsure of the time then: the few that may be corrected later."""

PAPER = "paper"
"""The epoch of what was typed in from paper: no gate may use it, and it tells nothing of theirs."""

PASSAGE = Table(
    "passage",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("site", Text, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("lo_ms", BigInteger, nullable=False),
    Column("hi_ms", BigInteger, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("boot", Text, nullable=False, default=""),
    Column("mono_ms", BigInteger, nullable=False, default=0),
    Column("clock", Integer, nullable=False, default=2),
    Column("direction", Text, nullable=False),
    Column("person", LargeBinary),
    Column("household", LargeBinary),
    Column("category", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("temp_state", Text, nullable=False),
    Column("temp_mc", Integer),
    Column("guard", Text, nullable=False, default=""),
    Column("guard_act", Text, nullable=False, default=""),
    Column("override", Text, nullable=False, default=""),
    Column("lane", Text, nullable=False, default=""),
    Column("visit", BigInteger, nullable=False, default=0),
    Column("of_seq", BigInteger),
    Column("late", Boolean, nullable=False, default=False),
    Column("shadow", Boolean, nullable=False, default=False),
    Column("received_ms", BigInteger, nullable=False),
    Index("passage_site", "site", "t_ms"),
    Index("passage_gate", "gate", "t_ms"),
    Index("passage_person", "site", "person", "t_ms"),
    Index("passage_household", "site", "household", "t_ms"),
    Index("passage_verdict", "site", "verdict", "t_ms"),
    Index("passage_reason", "site", "reason", "t_ms", "gate", "epoch", "seq", "verdict"),
    Index("passage_uncertain", "gate", "certain", "epoch", "seq"),
    Index("passage_unsure", "gate", "boot", sqlite_where=UNSURE, postgresql_where=UNSURE),
    Index(
        "passage_span",
        "site",
        "t_ms",
        sqlite_where=text("certain = 0"),
        postgresql_where=text("NOT certain"),
    ),
    sqlite_with_rowid=False,
)

GATE_LOG = Table(
    "gate_log",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("site", Text, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("boot", Text, nullable=False, default=""),
    Column("mono_ms", BigInteger, nullable=False, default=0),
    Column("clock", Integer, nullable=False, default=2),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False, default=""),
    Column("state", Text, nullable=False, default=""),
    Column("of_seq", BigInteger),
    Column("fields", Text, nullable=False),
    Index("gate_log_site", "site", "t_ms"),
    Index("gate_log_kind", "site", "kind", "t_ms"),
    Index("gate_log_newest", "gate", "kind", "t_ms"),
    Index("gate_log_gate", "gate", "t_ms"),
    Index("gate_log_uncertain", "gate", "certain", "epoch", "seq"),
    Index("gate_log_unsure", "gate", "boot", sqlite_where=UNSURE, postgresql_where=UNSURE),
    sqlite_with_rowid=False,
)

PROJECTED = Table(
    "projected",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("upto", BigInteger, nullable=False),
)

BOOT_CLOCK = Table(
    "boot_clock",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("mono_ms", BigInteger, nullable=False),
    Column("offset_ms", BigInteger, nullable=False),
)

GATE_SITE = Table(
    "gate_site",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("name", Text, nullable=False, default=""),
    Column("name_en", Text, nullable=False, default=""),
    Column("place", Text, nullable=False, default=""),
    Column("since_ms", BigInteger, nullable=False),
    Column("enrolled_by", Text, nullable=False, default=""),
    Column("cert_until_ms", BigInteger),
    Column("retired_ms", BigInteger),
)

LATE_ENTRY = Table(
    "late_entry",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", Text, nullable=False),
    Column("gate", Text, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("direction", Text, nullable=False),
    Column("person", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("temp_mc", Integer),
    Column("paper_no", Text, nullable=False),
    Column("guard", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Index("late_entry_paper", "site", "paper_no", "t_ms", unique=True),
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False, unique=True),
    Column("site", Text, nullable=False),
    Column("gate", Text, nullable=False),
    Column("epoch", Text, nullable=False, default=""),
    Column("seq", BigInteger, nullable=False, default=0),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("person", LargeBinary),
    Column("sealed", LargeBinary),
    Column("fields", Text, nullable=False, default="{}"),
    Column("acked_by", Text, nullable=False, default=""),
    Column("acked_ms", BigInteger),
    Column("ack_sealed", LargeBinary),
    Index("inbox_open", "site", "acked_ms", "t_ms"),
    Index("inbox_person", "site", "person"),
    Index("inbox_event", "gate", "epoch", "seq"),
)
