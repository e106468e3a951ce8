"""Words for the statuses people can have, as offices write them; Chinese and English. Pure."""

from typing import Final, Literal

from gated.core.model import StatusCode

STATUSES: Final = {
    StatusCode.HOME_QUARANTINE: ("居家隔离", "home quarantine"),
    StatusCode.CLOSE_CONTACT: ("密切接触者", "close contact"),
    StatusCode.SECOND_CONTACT: ("次密切接触者", "contact of a contact"),
    StatusCode.SUSPECTED: ("疑似病例", "suspected case"),
    StatusCode.CONFIRMED: ("确诊病例", "confirmed case"),
    StatusCode.OBSERVATION: ("留观", "under observation"),
    StatusCode.ARRIVAL_PENDING: ("返程未登记", "arrival not filed"),
    StatusCode.RELEASED: ("解除隔离", "released"),
    StatusCode.FROM_OTHER_PROVINCE: ("外省来返人员", "from another province"),
    StatusCode.FROM_EPIDEMIC_AREA: ("疫区来返人员", "from an epidemic area"),
    StatusCode.MEDICINE_BUYER: ("购药人员", "bought fever medicine"),
    StatusCode.CHECKIN_MISSING: ("当日未打卡", "no check-in today"),
    StatusCode.TEST_DUE: ("核酸超期", "test too old"),
    StatusCode.PASS_VOID: ("出入证作废", "pass void"),
    StatusCode.WATCH: ("布控", "on a watch list"),
    StatusCode.MOVED_OUT: ("已搬离", "moved out"),
}


def status(value: str, language: Literal["zh", "en"]) -> str:
    """Return the word for a status; one this version does not know is shown as it is."""
    pair = {code.value: words for code, words in STATUSES.items()}.get(value)
    return value if pair is None else pair[language == "en"]
