"""The words people write into a roster table, and what they mean.

Compared after one width of letters, lower case, without spaces. Codes (`resident`,
`home_quarantine`) are always understood beside the Chinese words.
"""

import unicodedata
from typing import TypeVar

from gated.core.id_number import check_character
from gated.core.model import Category, CredentialState, StatusCode

Meaning = TypeVar("Meaning")

HEADINGS = {
    "id_number": "身份证号 身份证号码 身份证 证件号码 证件号 idnumber",
    "name": "姓名 名字",
    "phone": "手机 手机号 手机号码 电话 联系电话 mobile",
    "building": "楼栋 楼号 栋 栋号 幢 楼",
    "unit": "单元 单元号",
    "room": "房号 房间号 室 室号 门牌号",
    "category": "类别 人员类别 类型 人员类型",
    "card": "卡号 门禁卡号 门禁卡",
    "status": "状态",
    "from": "开始 开始时间 开始日期 起始",
    "to": "结束 结束时间 结束日期 截止",
    "flags": "备注 标记 标签 flag",
}
_EXAMPLE = "11010119000101001"
EXAMPLE_NUMBER = _EXAMPLE + check_character(_EXAMPLE)
"""Of nobody: stands in the example line of the template, which a table must not keep."""

HEADINGS_REQUIRED = ("id_number", "category")
HEADINGS_IGNORED = frozenset({"序号", "编号", "no", "no."})

CATEGORIES = {
    Category.RESIDENT: "居民 住户 业主 常住居民 常住",
    Category.TENANT: "租户 租客 承租人 群租户",
    Category.HOUSEHOLD_MINOR: "未成年人 未成年 儿童",
    Category.OWNER_ELSEWHERE: "业主(外住) 外住业主 业主外住 非常住业主",
    Category.VISITOR: "访客 预约访客",
    Category.VISITOR_WALKIN: "临时访客 未预约访客",
    Category.COURIER: "快递 外卖 快递员 外卖员 快递/外卖",
    Category.UTILITY: "公用事业 水电气 维修 维修人员 检修人员",
    Category.MEDICAL: "医护 医护人员 医务人员 医生 护士 消杀人员",
    Category.RESCUE: "应急救援 消防 公安 警察",
    Category.STAFF: "工作人员 物业 保安 志愿者 网格员 保供人员",
    Category.CARER: "家政 护工 保姆",
    Category.WORKER_PASS: "复工人员 复工 城市运行人员",
    Category.RETURNEE: "返程人员 外来人员 返程",
    Category.UNKNOWN: "未知",
}
STATUSES = {
    StatusCode.HOME_QUARANTINE: "居家隔离 居家观察 居家医学观察",
    StatusCode.CLOSE_CONTACT: "密切接触者 密接 密切接触",
    StatusCode.SECOND_CONTACT: "次密接 次密切接触者",
    StatusCode.SUSPECTED: "疑似 疑似病例",
    StatusCode.CONFIRMED: "确诊 确诊病例",
    StatusCode.OBSERVATION: "留观",
    StatusCode.ARRIVAL_PENDING: "返程未登记 待登记",
    StatusCode.RELEASED: "解除隔离 已解除 解除",
    StatusCode.FROM_OTHER_PROVINCE: "外省来返 外省返回 外省来济 外省来肥 外省来返人员 外省",
    StatusCode.FROM_EPIDEMIC_AREA: "疫区来返 疫区返回 疫区来返人员 重点地区来返",
    StatusCode.MEDICINE_BUYER: "购药人员 购药",
    StatusCode.CHECKIN_MISSING: "未打卡 今日未打卡",
    StatusCode.TEST_DUE: "核酸超时 待核酸",
    StatusCode.PASS_VOID: "通行证作废 出入证作废",
    StatusCode.WATCH: "布控",
    StatusCode.MOVED_OUT: "已搬离 搬离 搬走 已搬走",
}
CARD_STATES = {
    CredentialState.ACTIVE: "卡正常",
    CredentialState.LOST: "挂失 已挂失 卡挂失",
    CredentialState.REVOKED: "注销 已注销 卡作废 作废 已作废",
}
NO_STATUS = frozenset({"正常", "无", "健康", "normal", "none", "-", "—"})
FLAGS = {
    "shared_flat": "群租 群租户 合租",
    "elder": "老人 老年人 独居老人",
    "needs_help": "需帮助 需要帮助 残疾",
    "minor": "未成年",
    "registered": "已登记",
}


def spelled(word: str) -> str:
    """Return a word as it is compared here."""
    return "".join(unicodedata.normalize("NFKC", word).split()).casefold()


def by_word(table: dict[Meaning, str]) -> dict[str, Meaning]:
    """Return every word of a table with its meaning; a meaning's own code is one of its words."""
    known = {spelled(str(meaning)): meaning for meaning in table}
    for meaning, words in table.items():
        known |= {spelled(word): meaning for word in words.split()}
    return known
