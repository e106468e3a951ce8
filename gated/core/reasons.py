"""Every reason code with what the guard reads and does, in Chinese and English.

A passage lists all codes that apply; the *primary* one is the one with the highest severity
among those that made the verdict. Codes are stable: hubs, exports and ledgers rely on them.
`bacnet` is the nearest number of the BACnet access-event list, for building systems.
"""

from dataclasses import dataclass
from enum import StrEnum

from gated.core.model import Verdict


class Code(StrEnum):
    """The reason codes a decision can carry."""

    OK_RESIDENT = "OK_RESIDENT"
    OK_TENANT = "OK_TENANT"
    OK_STAFF = "OK_STAFF"
    OK_SERVICE = "OK_SERVICE"
    OK_WORKER = "OK_WORKER"
    OK_VISITOR_SLOT = "OK_VISITOR_SLOT"
    OK_HOME_RETURN = "OK_HOME_RETURN"
    OK_COURIER_DROP = "OK_COURIER_DROP"
    SYS_EVACUATE = "SYS_EVACUATE"
    SYS_LOCKDOWN = "SYS_LOCKDOWN"
    SYS_OUT_OF_SERVICE = "SYS_OUT_OF_SERVICE"
    SYS_NO_POLICY = "SYS_NO_POLICY"
    SYS_NO_RULE = "SYS_NO_RULE"
    SYS_RULE_ERROR = "SYS_RULE_ERROR"
    SYS_ROSTER_STALE = "SYS_ROSTER_STALE"
    SYS_BUSY = "SYS_BUSY"
    CRED_UNREADABLE = "CRED_UNREADABLE"
    CRED_UNKNOWN = "CRED_UNKNOWN"
    CRED_BAD_SIGNATURE = "CRED_BAD_SIGNATURE"
    CRED_UNKNOWN_KEY = "CRED_UNKNOWN_KEY"
    CRED_WRONG_SITE = "CRED_WRONG_SITE"
    CRED_NOT_YET = "CRED_NOT_YET"
    CRED_EXPIRED = "CRED_EXPIRED"
    CRED_REVOKED = "CRED_REVOKED"
    CRED_LOST = "CRED_LOST"
    CRED_USED = "CRED_USED"
    CRED_VOID_PHASE = "CRED_VOID_PHASE"
    CRED_MISMATCH = "CRED_MISMATCH"
    CRED_NEEDS_SECOND = "CRED_NEEDS_SECOND"
    CRED_LOCKOUT = "CRED_LOCKOUT"
    ID_NOT_IN_ROSTER = "ID_NOT_IN_ROSTER"
    ID_VISITOR_UNREGISTERED = "ID_VISITOR_UNREGISTERED"
    ID_ENTRY_UNREGISTERED = "ID_ENTRY_UNREGISTERED"
    ID_OWNER_ELSEWHERE = "ID_OWNER_ELSEWHERE"
    ID_MOVED_OUT = "ID_MOVED_OUT"
    ID_AMBIGUOUS = "ID_AMBIGUOUS"
    ID_MINOR_ALONE = "ID_MINOR_ALONE"
    ID_CARD_OUTDATED = "ID_CARD_OUTDATED"
    STAT_HOME_QUARANTINE = "STAT_HOME_QUARANTINE"
    STAT_CONTACT = "STAT_CONTACT"
    STAT_SUSPECTED = "STAT_SUSPECTED"
    STAT_CONFIRMED = "STAT_CONFIRMED"
    STAT_HOST_QUARANTINE = "STAT_HOST_QUARANTINE"
    STAT_OBSERVATION_DUE = "STAT_OBSERVATION_DUE"
    STAT_ARRIVAL_PENDING = "STAT_ARRIVAL_PENDING"
    STAT_FROM_PROVINCE = "STAT_FROM_PROVINCE"
    STAT_FROM_EPIDEMIC_AREA = "STAT_FROM_EPIDEMIC_AREA"
    STAT_ARRIVAL_FILED = "STAT_ARRIVAL_FILED"
    STAT_RELEASED = "STAT_RELEASED"
    STAT_MEDICINE_BUYER = "STAT_MEDICINE_BUYER"
    STAT_CHECKIN_MISSING = "STAT_CHECKIN_MISSING"
    STAT_TEST_DUE = "STAT_TEST_DUE"
    STAT_WATCH = "STAT_WATCH"
    TEMP_HIGH_RETRY = "TEMP_HIGH_RETRY"
    TEMP_HIGH = "TEMP_HIGH"
    TEMP_LOW = "TEMP_LOW"
    TEMP_UNCALIBRATED = "TEMP_UNCALIBRATED"
    TEMP_UNSTABLE = "TEMP_UNSTABLE"
    TEMP_MISSING = "TEMP_MISSING"
    TEMP_STALE = "TEMP_STALE"
    TEMP_SENSOR_FAULT = "TEMP_SENSOR_FAULT"
    TEMP_CLINICAL_OK = "TEMP_CLINICAL_OK"
    TEMP_CLINICAL_HIGH = "TEMP_CLINICAL_HIGH"
    TIME_CURFEW = "TIME_CURFEW"
    TIME_WINDOW = "TIME_WINDOW"
    TIME_SLOT_EARLY = "TIME_SLOT_EARLY"
    TIME_SLOT_LATE = "TIME_SLOT_LATE"
    TIME_UNKNOWN = "TIME_UNKNOWN"
    TIME_ABSENCE_LONG = "TIME_ABSENCE_LONG"
    QUOTA_HOUSEHOLD_USED = "QUOTA_HOUSEHOLD_USED"
    QUOTA_HOUSEHOLD_OUT = "QUOTA_HOUSEHOLD_OUT"
    QUOTA_VOUCHER_EMPTY = "QUOTA_VOUCHER_EMPTY"
    QUOTA_UNKNOWN = "QUOTA_UNKNOWN"
    PASS_BACK = "PASS_BACK"
    PASS_NOT_COMPLETED = "PASS_NOT_COMPLETED"
    GUARD_MANUAL_PASS = "GUARD_MANUAL_PASS"
    GUARD_MEDICAL = "GUARD_MEDICAL"
    GUARD_RESCUE = "GUARD_RESCUE"
    GUARD_REFUSED = "GUARD_REFUSED"
    GUARD_DURESS = "GUARD_DURESS"
    GUARD_TIMEOUT = "GUARD_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Reason:
    """One code's face. verdict None: the code changes no verdict (event or cue).

    severity: 0-100, orders the reasons of one verdict; equal severities keep rule order.
    """

    code: Code
    verdict: Verdict | None
    severity: int
    zh: str
    en: str
    advice_zh: str = ""
    advice_en: str = ""
    bacnet: int = 0


_A, _N, _C, _S = Verdict.ALLOW, Verdict.ALLOW_NOTE, Verdict.CHECK, Verdict.STOP

# fmt: off
_TABLE = (
    Reason(Code.OK_RESIDENT, _A, 10, "居民放行", "Resident, pass", bacnet=1),
    Reason(Code.OK_TENANT, _A, 10, "租户放行", "Tenant, pass", bacnet=1),
    Reason(Code.OK_STAFF, _A, 10, "工作人员放行", "Staff, pass", bacnet=1),
    Reason(Code.OK_SERVICE, _A, 10, "服务人员放行", "Service, pass", bacnet=1),
    Reason(Code.OK_WORKER, _A, 10, "复工人员放行", "Worker pass, pass", bacnet=1),
    Reason(Code.OK_VISITOR_SLOT, _A, 10, "预约访客", "Registered visitor", bacnet=1),
    Reason(Code.OK_HOME_RETURN, _A, 10, "返家", "Coming home", bacnet=1),
    Reason(Code.OK_COURIER_DROP, _N, 30, "仅到取件点", "Drop point only", "指引到取件点", "Point the way to the drop point", 1),
    Reason(Code.SYS_EVACUATE, _A, 100, "疏散", "Evacuation", "保持通道敞开", "Leave the gate open", 9),
    Reason(Code.SYS_LOCKDOWN, _S, 99, "全封闭", "Lockdown", "仅限医疗、救援", "Only medical and rescue", 137),
    Reason(Code.SYS_OUT_OF_SERVICE, None, 98, "设备停用", "Out of service", "使用纸质登记", "Use the paper register", 10),
    Reason(Code.SYS_NO_POLICY, _C, 90, "无有效规则", "No valid policy", "由值守判断", "The guard decides", 130),
    Reason(Code.SYS_NO_RULE, _S, 20, "无适用规则", "No rule lets this person through", "联系社区", "Call the station", 135),
    Reason(Code.SYS_RULE_ERROR, _C, 85, "规则异常", "Rule error", "由值守判断", "The guard decides", 164),
    Reason(Code.SYS_ROSTER_STALE, _C, 30, "名单过旧", "List too old", "由值守判断;检查网络", "The guard decides; check the link", 130),
    Reason(Code.SYS_BUSY, None, 10, "请等前一人通过", "Wait for the person before", "", "", 164),
    Reason(Code.CRED_UNREADABLE, _C, 40, "读取失败", "Cannot read", "再试一次,或换其他凭证", "Try again, or another credential", 148),
    Reason(Code.CRED_UNKNOWN, _S, 50, "未登记凭证", "Unknown credential", "请登记", "Register the person", 129),
    Reason(Code.CRED_BAD_SIGNATURE, _S, 60, "二维码无效", "Code not genuine", "请出示身份证", "Ask for the ID card", 162),
    Reason(Code.CRED_UNKNOWN_KEY, _C, 45, "无法验证", "Cannot verify the code", "请出示身份证;检查同步", "Ask for the ID card; check sync", 130),
    Reason(Code.CRED_WRONG_SITE, _S, 50, "非本小区", "Other compound", "请到所属小区", "Show it at its own compound", 134),
    Reason(Code.CRED_NOT_YET, _S, 45, "未到时间", "Not valid yet", "请按通行证时间再来", "Come when the pass begins", 151),
    Reason(Code.CRED_EXPIRED, _S, 45, "已过期", "Expired", "请在应用中续期", "Renew in the app", 152),
    Reason(Code.CRED_REVOKED, _S, 55, "已作废", "Revoked", "联系社区", "Call the station", 153),
    Reason(Code.CRED_LOST, _S, 58, "已挂失", "Reported lost", "留下凭证,联系社区", "Keep it and call", 143),
    Reason(Code.CRED_USED, _S, 44, "已使用", "Already used", "请出示其他凭证", "Ask for another credential", 156),
    Reason(Code.CRED_VOID_PHASE, _S, 44, "旧版通行证", "Pass of an earlier phase", "换领新证", "A new pass is needed", 158),
    Reason(Code.CRED_MISMATCH, _S, 62, "人证不符", "Card and code differ", "核对两件凭证", "Ask whose they are", 132),
    Reason(Code.CRED_NEEDS_SECOND, _C, 40, "请出示身份证", "Show the ID card too", "", "", 15),
    Reason(Code.CRED_LOCKOUT, _S, 43, "尝试过多,30 秒", "Too many tries, 30 s", "请等待", "Wait", 161),
    Reason(Code.ID_NOT_IN_ROSTER, _C, 48, "名单无此人", "Not on the list", "请登记", "Register the person", 149),
    Reason(Code.ID_VISITOR_UNREGISTERED, _S, 46, "访客未预约", "Visitor not registered", "请住户先登记", "The host registers first", 150),
    Reason(Code.ID_ENTRY_UNREGISTERED, _C, 46, "入内未登记", "Entry not registered", "联系住户并登记", "Call the host and register", 150),
    Reason(Code.ID_OWNER_ELSEWHERE, _C, 42, "业主不住本小区", "Owner living elsewhere", "核对证件,记录事由", "Check the card, note why", 15),
    Reason(Code.ID_MOVED_OUT, _S, 52, "已搬离", "Moved out", "询问来由", "Ask", 158),
    Reason(Code.ID_AMBIGUOUS, _C, 41, "请选择本人", "Choose who it is", "请出示身份证", "Ask for the ID card", 15),
    Reason(Code.ID_MINOR_ALONE, _C, 47, "未成年人独行", "Minor alone", "联系家人", "Call the household", 159),
    Reason(Code.ID_CARD_OUTDATED, _N, 15, "证件已过有效期", "Card past its date", "提醒换证", "Remind to renew", 1),
    Reason(Code.STAT_HOME_QUARANTINE, _S, 80, "居家隔离", "Home quarantine", "就医?按「人工放行」选择原因", "Medical? Press manual pass", 135),
    Reason(Code.STAT_CONTACT, _S, 88, "请联系社区", "Call the station", "保持距离,联系社区", "Keep distance, call", 135),
    Reason(Code.STAT_SUSPECTED, _S, 90, "请联系社区", "Call the station", "保持距离,联系社区", "Keep distance, call", 135),
    Reason(Code.STAT_CONFIRMED, _S, 92, "请联系社区", "Call the station", "保持距离,联系社区", "Keep distance, call", 135),
    Reason(Code.STAT_HOST_QUARANTINE, _S, 64, "请联系社区", "Call the station", "请访客联系社区", "The visitor calls the station", 135),
    Reason(Code.STAT_OBSERVATION_DUE, _C, 50, "需测温", "Reading due", "测量并记录", "Measure and record", 15),
    Reason(Code.STAT_ARRIVAL_PENDING, _C, 52, "返程未登记", "Arrival not filed", "请登记", "Register the arrival", 15),
    Reason(Code.STAT_FROM_PROVINCE, _C, 51, "外省来返", "From another province", "请登记,查验来返证明", "Register; look at the travel proof", 15),
    Reason(Code.STAT_FROM_EPIDEMIC_AREA, _C, 54, "疫区来返", "From an epidemic area", "保持距离,登记并联系社区", "Keep distance, register, call", 15),
    Reason(Code.STAT_ARRIVAL_FILED, _N, 24, "来返已登记", "Arrival, filed", bacnet=1),
    Reason(Code.STAT_RELEASED, _N, 28, "已解除", "Released", bacnet=1),
    Reason(Code.STAT_MEDICINE_BUYER, _N, 26, "购药人员", "Medicine buyer", "社区将随访", "The station will follow up", 1),
    Reason(Code.STAT_CHECKIN_MISSING, _N, 25, "今日未打卡", "No check-in today", "提醒登记今日健康打卡", "Remind of today's check-in", 1),
    Reason(Code.STAT_TEST_DUE, _N, 27, "核酸超时", "Test too old", "提醒检测", "Remind of the test", 135),
    Reason(Code.STAT_WATCH, None, 0, "", "", bacnet=5),
    Reason(Code.TEMP_HIGH_RETRY, _C, 70, "体温偏高,复测", "High, measure again", "到阴凉处休息 3–5 分钟后复测", "Rest in the shade 3–5 min, then again", 15),
    Reason(Code.TEMP_HIGH, _S, 85, "发热", "Fever", "请到一旁,用医用体温计复核,联系社区", "Aside, clinical thermometer, call", 162),
    Reason(Code.TEMP_LOW, _C, 60, "偏低,复测", "Too low, again", "露出手腕,对准距离", "Bare skin, right distance", 15),
    Reason(Code.TEMP_UNCALIBRATED, _N, 20, "未标定", "Not calibrated, in line with others", "请标定本测温点", "Calibrate the site", 130),
    Reason(Code.TEMP_UNSTABLE, _C, 58, "请保持不动", "Hold still", "盖住感应口,保持不动", "Cover the opening, hold still", 15),
    Reason(Code.TEMP_MISSING, _C, 56, "未测温", "Not measured", "请测温", "Measure", 131),
    Reason(Code.TEMP_STALE, _C, 55, "测温过期", "Reading too old", "请再测一次", "Measure again", 131),
    Reason(Code.TEMP_SENSOR_FAULT, _C, 57, "测温故障", "Sensor fault", "用手持体温计测量并输入数值", "Hand thermometer, then type the value", 130),
    Reason(Code.TEMP_CLINICAL_OK, _N, 35, "复测正常", "Clinical value normal", bacnet=1),
    Reason(Code.TEMP_CLINICAL_HIGH, _S, 86, "复测发热", "Clinical value high", "联系社区", "Call the station", 162),
    Reason(Code.TIME_CURFEW, _S, 40, "夜间封闭", "Night closing", "就医?按「人工放行」选择原因", "Medical? Press manual pass", 136),
    Reason(Code.TIME_WINDOW, _S, 40, "不在时段", "Outside hours", "", "", 136),
    Reason(Code.TIME_SLOT_EARLY, _C, 42, "未到预约时间", "Too early for the slot", "请到时再来,或联系住户", "Wait for the slot, or call the host", 151),
    Reason(Code.TIME_SLOT_LATE, _C, 42, "已过预约时间", "Too late for the slot", "联系住户", "Call the host", 152),
    Reason(Code.TIME_UNKNOWN, _C, 38, "时间不可信", "Clock not sure", "以值守手表为准", "Go by the guard's watch", 130),
    Reason(Code.TIME_ABSENCE_LONG, _N, 22, "外出超时", "Out too long", "询问去向", "Ask where", 1),
    Reason(Code.QUOTA_HOUSEHOLD_USED, _S, 40, "本户次数已用", "Household quota used", "", "", 156),
    Reason(Code.QUOTA_HOUSEHOLD_OUT, _S, 39, "本户已有人外出", "One member is out", "请等待", "Wait", 142),
    Reason(Code.QUOTA_VOUCHER_EMPTY, _S, 38, "凭条已用完", "No slips left", "", "", 156),
    Reason(Code.QUOTA_UNKNOWN, _C, 36, "次数未同步", "Counter not synchronised", "由值守判断", "The guard decides", 130),
    Reason(Code.PASS_BACK, _N, 21, "重复进/出", "Same direction twice", "询问", "Ask", 3),
    Reason(Code.PASS_NOT_COMPLETED, None, 5, "未通过", "Did not pass", "", "", 16),
    Reason(Code.GUARD_MANUAL_PASS, _N, 95, "人工放行", "Manual pass", "原因已记录", "The reason is noted", 1),
    Reason(Code.GUARD_MEDICAL, _N, 96, "人工放行:就医", "Manual pass: medical", "原因已记录", "The reason is noted", 1),
    Reason(Code.GUARD_RESCUE, _N, 97, "人工放行:救援", "Manual pass: rescue", "原因已记录", "The reason is noted", 1),
    Reason(Code.GUARD_REFUSED, _S, 95, "值守拒绝", "Refused by guard", "原因已记录", "The reason is noted", 164),
    Reason(Code.GUARD_DURESS, _A, 0, "", "", bacnet=4),
    Reason(Code.GUARD_TIMEOUT, None, 5, "未处理", "No action taken", "", "", 163),
)

# Device events carry no verdict: (code, zh, en, remedy zh, remedy en).
_DEVICE_TABLE = (
    ("DEV_TAMPER", "机壳被打开", "Case opened", "检查设备", "Look at the device"),
    ("DEV_FORCED_OPEN", "闸机被强开", "Gate forced open", "检查闸机", "Look at the gate"),
    ("DEV_HELD_OPEN", "闸机未关", "Gate held open", "关闭闸机", "Close the gate"),
    ("DEV_FIRE", "消防联动", "Fire link", "保持通道敞开", "Leave the gate open"),
    ("DEV_READER_FAULT", "读卡器故障", "Card reader fault", "检查读卡器接线;可用二维码", "Check the reader's cable; use codes"),
    ("DEV_CAMERA_FAULT", "摄像头故障", "Camera fault", "检查摄像头;可用身份证", "Check the camera; use cards"),
    ("DEV_THERMO_FAULT", "测温仪无应答", "Thermometer does not answer", "用手持体温计测量并输入数值", "Use a hand thermometer, type the value"),
    ("DEV_RELAY_FAULT", "闸机继电器故障", "Barrier relay fault", "人工开闸", "Open by hand"),
    ("DEV_POWER_LOW", "电压偏低", "Power low", "检查电源", "Check the power supply"),
    ("DEV_OVERHEAT", "设备过热", "Too hot", "遮阳通风", "Shade and air"),
    ("DEV_STORE_90", "存储将满", "Storage 90 % full", "联系技术员", "Call the technician"),
    ("DEV_STORE_FULL", "无法写入记录", "Records cannot be written", "用纸质登记,联系技术员", "Use paper, call the technician"),
    ("DEV_DB_REPAIRED", "记录库已修复", "Journal repaired", "联系技术员", "Tell the technician"),
    ("DEV_CLOCK_STEP", "时钟跳变", "Clock stepped", "核对时间", "Check the time"),
    ("DEV_CLOCK_LOST", "时钟不可信", "Clock not trusted", "连接网络或装时钟模块", "Connect the network or fit a clock"),
    ("DEV_LINK_DOWN", "与中心断开", "Link to the hub down", "无需操作,记录会补传", "Nothing to do, records wait"),
    ("DEV_LINK_UP", "已连接中心", "Link to the hub up", "", ""),
    ("DEV_ROSTER_STALE", "名单过旧", "Roster too old", "检查网络", "Check the link"),
    ("DEV_POLICY_REVIEW_DUE", "规则待复核", "Policy review due", "联系社区", "Call the station"),
    ("DEV_CERT_EXPIRING", "证书将到期", "Certificate expiring", "联系技术员", "Tell the technician"),
    ("DEV_BUNDLE_REJECTED", "下发数据被拒", "Bundle rejected", "旧数据仍有效;联系技术员", "The old one stays; tell the technician"),
    ("DEV_UNCLEAN_START", "上次未正常关机", "Unclean start", "", ""),
    ("DEV_CLONE_SUSPECTED", "疑似重复设备", "Clone suspected", "联系技术员", "Tell the technician"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class DeviceReason:
    """What a device event says to the guard and what to do about it."""

    code: str
    zh: str
    en: str
    advice_zh: str
    advice_en: str


REASONS: dict[Code, Reason] = {row.code: row for row in _TABLE}
DEVICE_REASONS: dict[str, DeviceReason] = {row[0]: DeviceReason(*row) for row in _DEVICE_TABLE}

# Where no person is at fault: the band is blue although the verdict is CHECK.
FAULT_CODES = frozenset(
    {Code.TEMP_SENSOR_FAULT, Code.SYS_NO_POLICY, Code.SYS_RULE_ERROR, Code.SYS_OUT_OF_SERVICE}
)

# Health words stay off the public side and off a guard's reason line (role supervisor sees them).
HEALTH_CODES = frozenset({Code.STAT_CONTACT, Code.STAT_SUSPECTED, Code.STAT_CONFIRMED})
