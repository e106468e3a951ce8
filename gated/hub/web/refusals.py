"""Which sentence of the pages says why something was refused, for every refusal a page can meet.

Most pages catch their refusals and say them beside the form; this is for those that pass through.
"""

from typing import Final

from gated.errors import GatedError, TableError
from gated.hub import day_ledger, register_export
from gated.hub.accounts import AccountRefused
from gated.hub.commands import CommandNotMade
from gated.hub.daily_report import ReportRefused
from gated.hub.enrolment import EnrolmentRefused
from gated.hub.gates import RenameRefused
from gated.hub.inbox import InboxRefused
from gated.hub.late_entry import LateEntryRefused
from gated.hub.person_file import PersonRefused
from gated.hub.publisher import DeltaTooLarge, ListTooLarge
from gated.hub.records import SearchRefused
from gated.hub.register_edits import ChangeRefused
from gated.hub.register_list import RegisterMoved
from gated.hub.retirement import RetirementRefused
from gated.hub.trace_query import TraceRefused
from gated.hub.upload_shelf import UploadRefused
from gated.hub.web.texts import Texts

# The key is this and the refusal's code.
CODED: Final[dict[type[GatedError], str]] = {
    ChangeRefused: "roster.refused.",
    UploadRefused: "roster.upload_refused.",
    PersonRefused: "person.refused.",
    SearchRefused: "records.refused.",
    day_ledger.ExportRefused: "records.export.",
    LateEntryRefused: "records.late.refused.",
    TraceRefused: "trace.refused.",
    ReportRefused: "report.refused.",
    RetirementRefused: "gates.retire_refused.",
    EnrolmentRefused: "gates.refusal.",
}

# One sentence for all there is to say.
PLAIN: Final[dict[type[GatedError], str]] = {
    InboxRefused: "inbox.missing",
    CommandNotMade: "gates.message_refused",
    RenameRefused: "gates.rename_refused",
    AccountRefused: "account.refused",
    register_export.ExportRefused: "roster.refused.right",
    RegisterMoved: "roster.refused.moved",
    DeltaTooLarge: "roster.refused.moved",
    ListTooLarge: "roster.refused.too_many",
    TableError: "roster.refused.table",
}


def sentence_key(error: GatedError, texts: Texts) -> str | None:
    """Return the key of the text that says why, None when the pages have none."""
    for kind in type(error).__mro__:
        if kind in CODED:
            code = getattr(error, "code", "") or getattr(error, "key", "")
            key = f"{CODED[kind]}{code}"
            return key if key in texts else None
        if kind in PLAIN:
            return PLAIN[kind]
    return None
