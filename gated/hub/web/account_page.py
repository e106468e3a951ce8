"""One's own account: password, language, and the log-ins on other machines; why one is here."""

from starlette.responses import RedirectResponse, Response

from gated.hub.accounts import password_fault
from gated.hub.web.paging import Page
from gated.hub.web.visit import NO_STORE, Visit, local_path


def account(v: Visit) -> Response:
    """Password, language and other log-ins."""
    return _shown(v)


def password(v: Visit) -> Response:
    """The new password counts and every other log-in has ended, or the page says why not."""
    mine = v.login.account
    new = v.form.get("new", "")
    if new != v.form.get("again", ""):
        return _shown(v, "account.not_the_same")
    fault = password_fault(new, mine.name, mine.shown)
    if fault is not None:
        return _shown(v, f"account.password_{fault}")
    if not v.front.accounts.is_password(mine.name, v.form.get("old", "")):
        return _shown(v, "account.old_wrong")
    v.front.accounts.set_password(v.actor, mine.name, new, keep=v.login.token_hash)
    return v.redirect("/account", done="account.password_changed")


def language(v: Visit) -> Response:
    """The pages speak the chosen language; the visitor is where they were."""
    chosen = v.form.get("language", "")
    v.front.accounts.set_language(v.login.account.name, "en" if chosen == "en" else "zh")
    return RedirectResponse(v.back, status_code=303, headers=NO_STORE)


def end_others(v: Visit) -> Response:
    """Only this log-in is left."""
    v.front.logins.close_others(v.login)
    return v.redirect("/account", done="account.others_ended")


def reason(v: Visit) -> Response:
    """The stated purpose is known; the visitor goes on to where it was asked."""
    v.reason()
    following = local_path(v.form.get("following", "")) or v.path("/")
    return RedirectResponse(following, status_code=303, headers=NO_STORE)


def _shown(v: Visit, error: str = "") -> Response:
    others = v.front.logins.count_others(v.login)
    return v.page("account.html", status=409 if error else 200, error=error, others=others)


PAGES = (
    Page("/account", account, None),
    Page("/account/password", password, None, ("POST",)),
    Page("/account/language", language, None, ("POST",)),
    Page("/account/others", end_others, None, ("POST",)),
    Page("/reason", reason, None, ("POST",)),
)
