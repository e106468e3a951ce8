"""What the guard reads: words for categories, temperatures, parts and bands. Pure texts."""

from gated.core.model import Category, Measurement, TemperatureState, Verdict
from gated.core.policy import Decision
from gated.core.reasons import FAULT_CODES, HEALTH_CODES, REASONS, Code
from gated.screen.snapshot import Band, TemperatureView, Text

CATEGORIES = {
    Category.RESIDENT: Text("居民", "resident"),
    Category.TENANT: Text("租户", "tenant"),
    Category.HOUSEHOLD_MINOR: Text("未成年人", "minor"),
    Category.OWNER_ELSEWHERE: Text("业主", "owner"),
    Category.VISITOR: Text("访客", "visitor"),
    Category.VISITOR_WALKIN: Text("访客", "visitor"),
    Category.COURIER: Text("快递/外卖", "courier"),
    Category.UTILITY: Text("维修", "utility"),
    Category.MEDICAL: Text("医护", "medical"),
    Category.RESCUE: Text("救援", "rescue"),
    Category.STAFF: Text("工作人员", "staff"),
    Category.CARER: Text("护工", "carer"),
    Category.WORKER_PASS: Text("复工人员", "worker"),
    Category.RETURNEE: Text("返程人员", "returnee"),
    Category.UNKNOWN: Text("未知", "unknown"),
}

LABELS = {
    "card_reader": Text("证", "CARD"),
    "camera": Text("码", "QR"),
    "thermometer": Text("温", "TEMP"),
    "barrier": Text("闸", "GATE"),
    "clock": Text("时", "TIME"),
    "storage": Text("存", "STORE"),
    "roster": Text("名单", "LIST"),
}

STATES = {
    "ok": Text("正常", "ok"),
    "warn": Text("注意", "warn"),
    "fail": Text("故障", "fault"),
    "off": Text("无", "none"),
}

_WORDS = {
    Verdict.ALLOW: Text("放行", "PASS"),
    Verdict.ALLOW_NOTE: Text("放行", "PASS"),
    Verdict.CHECK: Text("复核", "CHECK"),
    Verdict.STOP: Text("禁止", "STOP"),
}

_FAULT_WORDS = {
    Code.TEMP_SENSOR_FAULT: Text("测温故障", "SENSOR"),
    Code.SYS_NO_POLICY: Text("无规则", "NO POLICY"),
    Code.SYS_RULE_ERROR: Text("规则异常", "RULES"),
    Code.SYS_OUT_OF_SERVICE: Text("设备停用", "OUT"),
}

_BANDS: dict[Verdict, Band] = {
    Verdict.ALLOW: "allow",
    Verdict.ALLOW_NOTE: "note",
    Verdict.CHECK: "check",
    Verdict.STOP: "stop",
}

_TEMPERATURES = {
    TemperatureState.NORMAL: Text("正常", "normal"),
    TemperatureState.IN_LINE: Text("未标定", "not calibrated"),
    TemperatureState.ELEVATED: Text("高于旁人", "above the others"),
    TemperatureState.IMPLAUSIBLE: Text("重测", "again"),
    TemperatureState.TYPED: Text("手输", "typed"),
}

# Their texts say "call the station"; a code behind the tap would say why.
_NOT_FOR_GUARDS = HEALTH_CODES | {Code.STAT_HOST_QUARANTINE}

NOT_THIS_PERSON = Text("不是本人体温问题", "not this person's fault")


def band(decision: Decision) -> Band:
    """Return the colour band: blue where nobody in front of the gate is at fault."""
    if decision.reason in FAULT_CODES:
        return "fault"
    return _BANDS[decision.verdict]


def word(decision: Decision) -> Text:
    """Return the one huge word."""
    return _FAULT_WORDS.get(decision.reason, _WORDS[decision.verdict])


def reason(code: Code) -> Text:
    """Return the guard's text of a reason; a health status stays "call the station"."""
    row = REASONS[code]
    return Text(row.zh, row.en)


def codes(decision: Decision) -> tuple[str, ...]:
    """Return the codes behind the tap; words for a health status are not for guards."""
    return tuple(code.value for code in decision.reasons if code not in _NOT_FOR_GUARDS)


def advice(code: Code) -> Text:
    """Return what to do now about a reason."""
    row = REASONS[code]
    return Text(row.advice_zh, row.advice_en)


def note(decision: Decision) -> Text | None:
    """Return the text of the amber stripe of a pass with a note, else None."""
    if decision.verdict is not Verdict.ALLOW_NOTE:
        return None
    notes = [code for code in decision.reasons if REASONS[code].verdict is Verdict.ALLOW_NOTE]
    texts = [reason(code) for code in (notes or [decision.reason])[:2]]
    return Text(" · ".join(t.zh for t in texts), " · ".join(t.en for t in texts))


def temperature(
    taken: Measurement | None, tries: int, decision: Decision
) -> TemperatureView | None:
    """Return the reading as the guard sees it; raw skin is never shown as a body temperature."""
    if decision.reason is Code.TEMP_SENSOR_FAULT:
        return TemperatureView("", Text(), NOT_THIS_PERSON)
    if taken is None:
        return None
    value = taken.decision_mc if taken.decision_mc is not None else taken.skin_mc
    if taken.state not in _TEMPERATURES or value is None:
        return None
    state = _TEMPERATURES[taken.state]
    high = {Code.TEMP_HIGH, Code.TEMP_HIGH_RETRY} & set(decision.reasons)
    if high and taken.state is TemperatureState.NORMAL:
        state = Text(f"偏高 第 {tries} 次", f"high, try {tries}")
    if Code.TEMP_LOW in decision.reasons:
        state = Text("偏低", "low")
    site = Text("腕", "wrist")
    if taken.state is TemperatureState.TYPED:
        site = Text("医用", "clinical")
    elif taken.decision_mc is None:
        site = Text("腕表皮", "wrist skin")
    return TemperatureView(degrees(value), site, state)


def degrees(value_mc: int) -> str:
    """Return thousandths as degrees with one digit, never rounded up over a limit."""
    tenths = value_mc // 100
    return f"{tenths // 10}.{tenths % 10}"
