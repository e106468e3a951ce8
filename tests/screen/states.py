"""One snapshot for every state of the screen, filled as a busy day fills them. Invented people."""

from dataclasses import replace

from gated.core.model import ClockState, GuardActionKind, Verdict
from gated.screen.snapshot import (
    Band,
    CallView,
    CardView,
    ClockView,
    DutyView,
    FaultView,
    GateView,
    LastView,
    LinkView,
    MeasuringView,
    OccupantView,
    PartView,
    PersonView,
    RoundView,
    Sign,
    Snapshot,
    SpecialView,
    StationView,
    TemperatureView,
    Text,
    VehicleView,
    VerdictView,
)

NOTICE = Text(
    "收集人:东湖社区居委会;依据:疫情防控;内容:时间、体温、凭证代号;问询:社区办公室",
    "Kept by the East Lake community office for epidemic control: time, temperature, code",
)
TIPS = (Text("勤洗手,戴好口罩", "Wash hands, wear a mask"), Text("排队请保持一米", "Keep a metre"))
PERSON = PersonView("王*明", "3-2-1**", Text("居民", "resident"))
KNOWN = replace(PERSON, last=Text("上次: 出 09:12 东门", "Last: out 09:12 East"))
OK = Text("正常", "ok")
EVERY = tuple(GuardActionKind)


def _parts() -> tuple[PartView, ...]:
    revision = Text("版本 41,2 小时前", "revision 41, 2 h old")
    return (
        PartView("card_reader", Text("证", "CARD"), "ok", OK),
        PartView("camera", Text("码", "QR"), "ok", OK),
        PartView("thermometer", Text("温", "TEMP"), "ok", OK),
        PartView("barrier", Text("闸", "GATE"), "ok", OK),
        PartView("clock", Text("时", "TIME"), "ok", OK),
        PartView("storage", Text("存", "STORE"), "ok", OK),
        PartView("roster", Text("名单", "LIST"), "ok", OK, detail=revision),
        PartView("policy", Text("规则", "RULES"), "ok", OK, detail=revision),
    )


IDLE = Snapshot(
    gate=GateView("东门", "East", "out"),
    language="zh",
    clock=ClockView("2020-02-10T14:32:07+08:00", ClockState.SYNCED),
    duty=DutyView(3, "A12", "李*", "guard"),
    link=LinkView("online"),
    last=(
        LastView("14:31", Verdict.ALLOW, "张*", "36.5"),
        LastView("14:31", Verdict.STOP, "", "", Text("访客", "visitor")),
        LastView("14:30", Verdict.CHECK, "陈*华", "36.5"),
    ),
    health=_parts(),
    station=StationView(Text("东湖社区", "East Lake"), "010-84120000"),
    notice=NOTICE,
    tips=TIPS,
)


def _decided(verdict: Verdict, band: Band, word: Text, code: str, why: Text, now: Text) -> Snapshot:
    temperature = TemperatureView("36.4", Text("腕", "wrist"), Text("正常", "normal"))
    said = VerdictView(
        key=f"north-1/7f3a/{band}",
        verdict=verdict,
        band=band,
        word=word,
        code=code,
        reason=why,
        advice=now,
        codes=(code, "TEMP_CLINICAL_OK"),
        person=KNOWN,
        temperature=temperature,
    )
    return replace(IDLE, mode="verdict", visit=7, verdict=said, enabled=EVERY)


def _special(mode: Sign, word: Text, reason: Text, advice: Text) -> Snapshot:
    assert mode != "fault"
    view = SpecialView(mode, word, "14:00", "18:00", "S001")
    return replace(IDLE, mode="fault", fault=FaultView(word, reason, advice, mode), special=view)


def _measured() -> dict[str, Snapshot]:
    prompt = MeasuringView(KNOWN, "temperature", Text("请测温", "Wrist to the sensor"), 62, 7400)
    hold = replace(
        prompt, prompt=Text("请保持手腕不动", "Hold still"), progress_pct=88, deadline_ms=2100
    )
    card = replace(
        prompt, person=None, missing="credential", prompt=Text("请刷证或扫码", "Card or code")
    )
    measuring = replace(IDLE, mode="measuring", visit=7, measuring=prompt)
    return {
        "measuring": measuring,
        "hold_still": replace(measuring, measuring=hold),
        "credential": replace(measuring, measuring=card),
    }


def _passed() -> dict[str, Snapshot]:
    allow = _decided(
        Verdict.ALLOW,
        "allow",
        Text("放行", "PASS"),
        "OK_RESIDENT",
        Text("有效居民,本户今日第 1 次外出", "Resident, first exit of the household today"),
        Text("下次可外出:后天 00:00", "Next exit: the day after tomorrow"),
    )
    note = replace(
        allow,
        verdict=replace(
            allow.verdict,
            verdict=Verdict.ALLOW_NOTE,
            band="note",
            key="n/1",
            note=Text("今日未打卡", "No check-in today"),
        ),
    )
    unwritten = replace(allow.verdict, recorded=False, key="r/1")
    return {"allow": allow, "note": note, "not_recorded": replace(allow, verdict=unwritten)}


def _checked() -> dict[str, Snapshot]:
    check = _decided(
        Verdict.CHECK,
        "check",
        Text("复核", "CHECK"),
        "TEMP_HIGH_RETRY",
        Text("体温偏高", "Temperature raised"),
        Text("到阴凉处休息 3–5 分钟后复测", "Rest in the shade 3–5 min, then again"),
    )
    check = replace(
        check,
        suggested=GuardActionKind.REMEASURE,
        verdict=replace(
            check.verdict,
            awaiting_guard=True,
            temperature=TemperatureView(
                "37.4", Text("腕", "wrist"), Text("偏高 第 1 次", "raised, try 1")
            ),
        ),
    )
    fever = replace(
        check,
        verdict=replace(
            check.verdict,
            key="f/1",
            code="TEMP_HIGH",
            reason=Text("发热", "Fever"),
            advice=Text("请到一旁,用医用体温计复核,联系社区", "Aside; clinical thermometer; call"),
            awaiting_guard=False,
        ),
    )
    unknown = replace(check.verdict, person=None, temperature=None, key="s/1")
    stranger = replace(check, verdict=unknown, card=CardView("赵*", "1101**********1234"))
    call = CallView("fever", "answered", 130, "值班员")
    called = replace(check, call=call, link=LinkView("online"))
    return {"check": check, "fever": fever, "stranger": stranger, "called": called}


def _stopped() -> dict[str, Snapshot]:
    stop = _decided(
        Verdict.STOP,
        "stop",
        Text("禁止", "STOP"),
        "QUOTA_HOUSEHOLD_OUT",
        Text("本户次数已用 · 02-07 09:12 已外出", "Quota used, out on 02-07 at 09:12"),
        Text("就医?按「人工放行」选择原因", "Medical? Manual pass, choose a reason"),
    )
    stop = replace(
        stop, suggested=GuardActionKind.MANUAL_PASS, link=LinkView("offline", 2290, 57, 2280)
    )
    return {"stop": stop}


def _faulty() -> dict[str, Snapshot]:
    fault = _decided(
        Verdict.CHECK,
        "fault",
        Text("测温故障", "SENSOR"),
        "TEMP_SENSOR_FAULT",
        Text("测温仪无应答", "Thermometer does not answer"),
        Text("用手持测温枪测量,输入数值", "Hand thermometer, then type the value"),
    )
    broken = PartView(
        "thermometer",
        Text("温", "TEMP"),
        "fail",
        Text("故障", "fault"),
        Text("检查 I2C 接线和供电", "Check I2C wiring and supply"),
    )
    fault = replace(
        fault,
        suggested=GuardActionKind.CLINICAL,
        health=tuple(broken if part.part == "thermometer" else part for part in _parts()),
        verdict=replace(fault.verdict, temperature=None),
    )
    return {"fault": fault}


def _modes() -> dict[str, Snapshot]:
    return {
        "lockdown": _special(
            "lockdown",
            Text("全封闭", "LOCKDOWN"),
            Text("暂停通行", "Nobody passes"),
            Text("仅限医疗、救援", "Only medical and rescue"),
        ),
        "evacuate": _special(
            "evacuate",
            Text("疏散", "EVACUATE"),
            Text("请立即离开", "Leave now"),
            Text("保持通道敞开", "Keep the way clear"),
        ),
        "out_of_service": _special(
            "out_of_service",
            Text("设备停用", "OUT OF SERVICE"),
            Text("设备停用", "Out of service"),
            Text("使用纸质登记", "Use the paper register"),
        ),
        "reader_locked": _special(
            "reader_locked",
            Text("读卡锁定", "READER LOCKED"),
            Text("暂停刷证、扫码", "Cards and codes are not taken"),
            Text("按房号找人,或人工放行", "Find by room, or pass by hand"),
        ),
    }


def _around(allow: Snapshot, measuring: Snapshot) -> dict[str, Snapshot]:
    occupants = (
        OccupantView("王*明", Verdict.ALLOW),
        OccupantView("刘*", Verdict.CHECK),
    )
    return {
        "open": replace(
            allow,
            special=SpecialView("open", Text("常开", "Held open"), "14:00", "15:00", "A12"),
        ),
        "shadow": replace(IDLE, banner=Text("试运行:不开闸", "Shadow mode: the gate stays shut")),
        "vehicle": replace(
            measuring,
            vehicle=VehicleView("粤B·**34", 4, occupants),
            banner=Text("试运行:不开闸", "Shadow mode: the gate stays shut"),
        ),
        "vehicle_ready": replace(
            allow, vehicle=VehicleView("粤B·**34", 2, (occupants[0], occupants[0]), ready=True)
        ),
        "message": replace(
            IDLE,
            message=Text(
                "今日 16 点起东门只出不进,请引导居民走南门;快递统一放取件点,夜间请减员值守",
                "From 16:00 the east gate is exit only; please send residents to the south gate",
            ),
        ),
        "overdue": replace(
            IDLE,
            round=RoundView(310, overdue=True),
            duty=DutyView(log_in=True),
            clock=replace(IDLE.clock, state=ClockState.UNSURE),
        ),
    }


def _states() -> dict[str, Snapshot]:
    states = {"idle": IDLE, **_measured(), **_passed(), **_checked(), **_stopped(), **_faulty()}
    return {**states, **_modes(), **_around(states["allow"], states["measuring"])}


STATES = _states()
