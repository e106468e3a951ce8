"""Words for what came of an audited action; rows store one English wording. Pure.

A result is made of parts such as `found 3` or `rev 12`. A part nobody has words for is shown as
it is stored, so that no row ever loses anything.
"""

import re
from typing import Final, Literal

from gated.hub.status_words import status

_PARTS: Final = re.compile(r"(, |: )")
_NUMBER: Final = re.compile(r"\d+")
_CHINESE: Final = {
    "ok": "完成",
    "added": "新增",
    "added as auditor": "新增为审计员",
    "added as officer": "新增为社区工作人员",
    "added as property": "新增为物业",
    "already so": "原本如此",
    "card given": "发新卡",
    "card lost": "卡片挂失",
    "code made": "已生成入网码",
    "code withdrawn": "入网码已撤销",
    "corrected": "已更正",
    "disabled": "已停用",
    "enabled": "已启用",
    "filed": "已登记",
    "found #": "查到 # 人",
    "list": "名单",
    "listed #": "列出 # 人",
    "not opened #": "未能打开第 # 项",
    "note": "随访记录",
    "not written": "文件未写出",
    "nothing changed": "无变化",
    "ok #": "已打开第 # 项",
    "paper line #": "纸质登记第 # 条",
    "reading": "测温",
    "renamed": "改名",
    "rev #": "第 # 版",
    "staged": "待确认",
    "role auditor": "身份改为审计员",
    "role none": "已取消身份",
    "role officer": "身份改为社区工作人员",
    "role property": "身份改为物业",
    "retired": "已停用",
    "taken back": "已恢复使用",
    "whole list": "完整名单",
    "wrong password": "密码错误",
    "# contacts": "# 名接触者",
    "# gates incomplete": "# 个卡口数据不全",
    "# lines": "# 条",
    "# people of a trace": "轨迹涉及 # 人",
    "# records": "# 条记录",
}
_KINDS: Final = {
    "fever": "发热",
    "contact": "密接等",
    "duress": "胁迫",
    "call": "呼叫",
    "anomaly": "异常",
    "registration": "登记",
    "data": "数据提醒",
    "gate": "卡口问题",
    "note": "情况记录",
    "paper": "纸质登记",
}
_CHINESE_OF: Final = _CHINESE | {f"{kind} #": f"{word}第 # 项" for kind, word in _KINDS.items()}


def result_words(result: str, language: Literal["zh", "en"]) -> str:
    """Return what a row's result says in this language."""
    if language == "en":
        return "done" if result == "ok" else result
    parts = _PARTS.split(result)
    return "".join("，" if part in {", ", ": "} else _part(part) for part in parts)


def _part(part: str) -> str:
    code, ended, rest = part.rpartition(" ended")
    if ended and not rest and status(code, "zh") != code:
        return f"{status(code, 'zh')}已结束"
    number = _NUMBER.search(part)
    words = _CHINESE_OF.get(_NUMBER.sub("#", part, count=1))
    if words is None:
        return status(part, "zh")
    return words.replace("#", number[0] if number else "")
