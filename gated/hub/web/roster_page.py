"""The list: where it has arrived, a table pushed, somebody found, added, corrected, changed."""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from starlette.responses import Response

from gated.core import id_number, pseudonym
from gated.core.model import Category, CredentialState, StatusCode
from gated.hub.audit import Action
from gated.hub.changes import ChangeRefused, Changes, Correction, Done
from gated.hub.inbox import Inbox, InboxRefused
from gated.hub.inbox_item import Kind
from gated.hub.register import Entry, Register
from gated.hub.register_edits import CLOSED, to_be_filed
from gated.hub.register_entry import HeldStatus, moment
from gated.hub.register_export import export_list
from gated.hub.roles import Right
from gated.hub.rollout import Rollout
from gated.hub.web.paging import Page
from gated.hub.web.roster_words import Words
from gated.hub.web.visit import DONE_S, Visit
from gated.store.roster_build import Card, RosterRow
from gated.store.table_cells import BadCell, instant_of

FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
REFUSED: Final = 409
QUARANTINE: Final = timedelta(days=14)
JUST_NOW: Final = 20  # rows of one's audit among which the change one comes from is looked for
FIELDS: Final = ("id_number", "name", "phone", "building", "unit", "room")
_VERSION: Final = re.compile(r"[0-9]{1,18}")
_REF: Final = re.compile(r"[0-9a-f]{32}")
_ITEM: Final = re.compile(r"[0-9]{1,18}")  # what every database takes for a number


# -- the list -----------------------------------------------------------------------------------


def overview(v: Visit) -> Response:
    """The newest revision, where it has arrived, and what can be done."""
    return v.page("roster.html", state=Rollout(v.office).of(v.site), asked=False, found=[])


def rollout(v: Visit) -> Response:
    """The part of the page that says where the list has arrived."""
    return v.page("roster_rollout.html", state=Rollout(v.office).of(v.site))


def search(v: Visit) -> Response:
    """Whom these words may mean; exactly one leads to the person's card."""
    typed = v.form.get("who", "").strip()
    if not typed:
        return overview(v)
    reason = v.reason()
    register = Register(v.office)
    refs = register.find(v.site.id, typed)
    result = f"found {len(refs)}"
    v.office.audit.note(v.actor, Action.SEARCH, target="list", reason=reason, result=result)
    if len(refs) == 1:
        return v.redirect(f"/roster/person/{refs[0].hex()}")
    entries = register.entries(v.site.id, refs)
    found = [(entries[ref], register.shown(entries[ref])) for ref in refs]
    state = Rollout(v.office).of(v.site)
    return v.page("roster.html", state=state, asked=True, found=found, words=Words(v))


def download(v: Visit) -> Response:
    """The list as a table, masked; in full for who may see identities, with a reason."""
    full = v.form.get("full") == "yes"
    if full and not v.may(Right.SEE_IDENTITY):
        return v.refused("roster.refused.right", 403)
    body, _ = export_list(v.office, v.actor, full=full, reason=v.reason())
    name = f"roster-{v.site.id}-{'full' if full else 'masked'}.csv"
    return v.send(body, "text/csv; charset=utf-8", name)


# -- one person ---------------------------------------------------------------------------------


def person(v: Visit) -> Response:
    """The person's card on the list, masked, with what can be changed."""
    found = _entry(v)
    if found is None:
        return v.refused("roster.refused.unknown", NOT_FOUND)
    _looked_up(v, found, v.purpose or _own_change(v, found) or v.reason())
    return _person_page(v, found)


def _looked_up(v: Visit, found: Entry, reason: str) -> None:
    v.office.audit.note(
        v.actor, Action.LOOK_UP, target=found.ref.hex(), reason=reason, result="list"
    )


def _looked_up_again(v: Visit, found: Entry) -> None:
    """The audit says that a refused order shows the person, for the purpose stated before.

    The order's own reason counts when none was stated; without both the visitor is asked.
    """
    _looked_up(v, found, v.login.purpose or v.reason())


def _own_change(v: Visit, found: Entry) -> str:
    """Return the reason of who comes straight from changing this person, "" for anybody else.

    The audit itself is the proof: what a browser says of it would let anybody leave the reason out.
    A look-up since the change means that the person was shown already.
    """
    if v.done is None:
        return ""
    for row in v.office.audit.rows(v.site.id, JUST_NOW, actor=v.actor.name):
        if row.t_ms < v.office.utc_ms() - DONE_S * 1000 or row.action == Action.LOOK_UP:
            return ""
        if row.action in {Action.CHANGE, Action.STATUS} and _REF.fullmatch(row.target):
            # A corrected number made another pseudonym; the row has the former one.
            changed = Register(v.office).now(v.site.id, bytes.fromhex(row.target))
            return row.reason or v.t("roster.own_change") if changed == found.ref else ""
    return ""


def change(v: Visit) -> Response:
    """One of the short forms is carried out, or the card says why not."""
    found = _entry(v)
    if found is None:
        return v.refused("roster.refused.unknown", NOT_FOUND)
    try:
        done = _changed(v, found)
    except BadCell:
        refused = "date"
    except ChangeRefused as error:
        refused = error.key
    else:
        said = "roster.changed" if done.changed else "roster.already_so"
        return v.redirect(f"/roster/person/{done.ref.hex()}", done=said)
    _looked_up_again(v, found)
    return _person_page(v, found, refused)


def _changed(v: Visit, found: Entry) -> Done:
    changes, actor, ref, form = Changes(v.office), v.actor, found.ref, v.form
    start, end = _day(v, "from"), _day(v, "to", day_after=True)
    reason = form.get("reason", "")
    match form.get("change", ""):
        case "lost-card":
            return changes.lost_card(actor, ref, _card(v, found), reason)
        case "new-card":
            return changes.new_card(actor, ref, form.get("card", ""), reason)
        case "filed":
            return changes.filed(actor, ref, reason)
        case "released":
            return changes.released(actor, ref, end, reason)
        case "end":
            return changes.end_status(actor, ref, _status(form.get("status", "")), reason)
        case "status":
            code = _status(form.get("status", ""))
            return changes.set_status(actor, ref, code, start, end, reason)
    raise ChangeRefused("no_change", "this page has no such change")


def _status(text: str) -> StatusCode:
    try:
        return StatusCode(text)
    except ValueError as error:
        raise ChangeRefused("no_change", "this page has no such status") from error


def _card(v: Visit, found: Entry) -> str:
    """Return the number of the chosen card, which the page never shows."""
    chosen = v.form.get("card", "")
    for card in found.row.cards:
        if pseudonym.card_ref(v.site.keys.site, card.number).hex() == chosen:
            return card.number
    raise ChangeRefused("which_card", "no card was chosen")


def _day(v: Visit, name: str, *, day_after: bool = False) -> datetime | None:
    return instant_of(v.form.get(name, "").strip(), name, v.site.zone, day_after=day_after)


def _entry(v: Visit) -> Entry | None:
    text = v.request.path_params["ref"]
    if not _REF.fullmatch(text):
        return None
    return Register(v.office).entry(v.site.id, bytes.fromhex(text))


def _person_page(v: Visit, found: Entry, error: str = "") -> Response:
    health = v.may(Right.SET_HEALTH_STATUS)
    now = moment(v.office.utc_ms())
    standing, today = found.standing(now), now.astimezone(v.site.zone)
    cards = [
        (pseudonym.card_ref(v.site.keys.site, card.number).hex(), card) for card in found.row.cards
    ]
    return v.page(
        "roster_person.html",
        REFUSED if error else 200,
        entry=found,
        shown=Register(v.office).shown(found),
        standing=[held for held in standing if _may_see(held, health=health)],
        cards=cards,
        active=[pair for pair in cards if pair[1].state is CredentialState.ACTIVE],
        settable=[code for code in StatusCode if v.actor.may_set(code)],
        may_release=v.actor.may_set(StatusCode.RELEASED),
        stands={held.code for held in standing},
        closed=any(held.code in CLOSED for held in standing),
        today=f"{today:%Y-%m-%d}",
        quarantine_until=f"{today + QUARANTINE:%Y-%m-%d}",
        arrived=to_be_filed(found, now),
        words=Words(v),
        error=error,
    )


def _may_see(held: HeldStatus, *, health: bool) -> bool:
    return health or not held.of_health


# -- adding and correcting ----------------------------------------------------------------------


def add(v: Visit) -> Response:
    """The form for somebody new; filled in, they are on the list."""
    if v.request.method == "GET":
        number = v.query.get("registration", "")
        return _prefilled(v, int(number)) if _ITEM.fullmatch(number) else _form(v, {})
    typed, category = _typed(v), _category(v)
    if category is None:
        return _form(v, v.form, error="category")
    try:
        number = v.form.get("card", "").strip()
        row = RosterRow(
            category=category,
            cards=(Card(number),) if number else (),
            start=_day(v, "from"),
            end=_day(v, "to", day_after=True),
            id_number=typed["id_number"],
            name=typed["name"],
            phone=typed["phone"],
            building=typed["building"],
            unit=typed["unit"],
            room=typed["room"],
        )
        done = Changes(v.office).add(v.actor, row, v.form.get("reason", ""))
    except BadCell:
        return _form(v, v.form, error="date")
    except ChangeRefused as error:
        return _form(v, v.form, error=error.key)
    _answer(v)
    return v.redirect(f"/roster/person/{done.ref.hex()}", done="roster.added")


def _prefilled(v: Visit, number: int) -> Response:
    """The form with what a guard wrote down about somebody, which is audited."""
    if not v.may(Right.OPEN_REGISTRATION):
        return v.refused("inbox.masked_only", FORBIDDEN)
    try:
        found = Inbox(v.office).registration(v.actor, number)
    except InboxRefused:
        return v.refused("roster.no_registration", NOT_FOUND)
    known = id_number.fault(found.document_number) is None
    building, unit, room = found.room
    category = Category.RETURNEE if found.form == "returnee" else Category.VISITOR_WALKIN
    values = {
        "registration": str(number),
        "id_number": found.document_number if known else "",
        "name": found.name,
        "phone": found.phone,
        "building": building,
        "unit": unit,
        "room": room,
        "category": category.value,
    }
    return _form(v, values)


def _answer(v: Visit) -> None:
    """The registration somebody was added from is answered, unless it was already."""
    number = v.form.get("registration", "")
    inbox = Inbox(v.office)
    with suppress(InboxRefused):
        if _ITEM.fullmatch(number) and inbox.item(v.actor, int(number)).kind is Kind.REGISTRATION:
            inbox.acknowledge(v.actor, int(number), v.t("roster.added_from_inbox"))


def edit(v: Visit) -> Response:
    """The form that corrects a line; empty fields stay as they are."""
    found = _entry(v)
    if found is None or found.removed_ms is not None:
        return v.refused("roster.refused.unknown", NOT_FOUND)
    if v.request.method == "GET":
        return _form(v, _known(v, found), found)
    typed = {name: value for name, value in _typed(v).items() if value}
    try:
        correction = Correction(
            **typed,
            category=_category(v),
            start=_day(v, "from"),
            end=_day(v, "to", day_after=True),
        )
        reason = v.form.get("reason", "")
        done = Changes(v.office).correct(
            v.actor, found.ref, correction, version=_version(v), reason=reason
        )
    except BadCell:
        refused = "date"
    except ChangeRefused as error:
        refused = error.key
    else:
        said = "roster.changed" if done.changed else "roster.already_so"
        return v.redirect(f"/roster/person/{done.ref.hex()}", done=said)
    if refused == "stale":
        # The form's values are of an earlier state: it is opened anew, nobody is shown here.
        return v.page("roster_stale.html", REFUSED, ref=found.ref)
    _looked_up_again(v, found)
    return _form(v, v.form, found, refused)


def _version(v: Visit) -> int:
    """Return which state of the person the form showed, one that never was for no number."""
    return int(v.form["version"]) if _VERSION.fullmatch(v.form.get("version", "")) else -1


def _known(v: Visit, found: Entry) -> dict[str, str]:
    """Return what the fields hold: everything for who may see it, else nothing; audited."""
    if not v.may(Right.SEE_IDENTITY):
        _looked_up(v, found, v.reason())
        return {}
    v.office.audit.note(v.actor, Action.IDENTITY, target=found.ref.hex(), reason=v.reason())
    return {name: getattr(found.row, name) for name in FIELDS}


def _category(v: Visit) -> Category | None:
    """Return what was chosen; "unknown" is what gates say of strangers, never of who is listed."""
    text = v.form.get("category", "")
    known = {item.value for item in Category if item is not Category.UNKNOWN}
    return Category(text) if text in known else None


def _typed(v: Visit) -> dict[str, str]:
    return {name: v.form.get(name, "").strip() for name in FIELDS}


def _form(v: Visit, values: object, found: Entry | None = None, error: str = "") -> Response:
    return v.page(
        "roster_form.html",
        REFUSED if error else 200,
        values=values,
        entry=found,
        shown=Register(v.office).shown(found) if found else None,
        fields=FIELDS,
        categories=[item for item in Category if item is not Category.UNKNOWN],
        words=Words(v),
        error=error,
    )


PAGES: Final = (
    Page("/roster", overview, Right.SEE_ROSTER),
    Page("/roster/rollout", rollout, Right.SEE_ROSTER),
    Page("/roster/search", search, Right.SEE_ROSTER, ("GET", "POST")),
    Page("/roster/export", download, Right.SEE_ROSTER, ("POST",)),
    Page("/roster/add", add, Right.EDIT_ROSTER, ("GET", "POST")),
    Page("/roster/person/{ref}", person, Right.SEE_ROSTER),
    Page("/roster/person/{ref}/change", change, Right.EDIT_ROSTER, ("POST",)),
    Page("/roster/person/{ref}/edit", edit, Right.EDIT_ROSTER, ("GET", "POST")),
)
