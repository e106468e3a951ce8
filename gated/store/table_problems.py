"""What can be wrong with a table and its cells, as codes with a sentence in Chinese and English.

No sentence carries more of an identity number than its last four characters, nor a long word.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from gated.core.id_number import Fault
from gated.errors import TableError

Language = Literal["zh", "en"]

# Code -> Chinese, English. {…} are values of the problem; one that is a problem is said likewise.
SENTENCES: Final[dict[str, tuple[str, str]]] = {
    # The file.
    "too_big": (
        "文件有 {size} 字节，最多 {most} 字节，请拆成几个文件",
        "{size} bytes, at most {most}; split it",
    ),
    "system": ("系统无法读取文件（{cause}）{remedy}", "{cause}{remedy}"),
    "ask_access": (
        "，请为运行本程序的用户开放读取权限",
        "; the user who runs this command must be allowed to read it",
    ),
    "folder": ("，这是文件夹，请指定其中的表格", "; name the table in it"),
    "protected_book": (
        "文件有密码，或是旧版 Excel 格式；请去掉密码，另存为 .xlsx",
        "it has a password or is in the old Excel format; save it as .xlsx without one",
    ),
    "old_book": (
        "这是旧版 Excel 格式，请另存为 .xlsx 或 CSV",
        "it is in the old Excel format; save it as .xlsx or CSV",
    ),
    "no_book": (
        "按文件名应为 {suffix} 工作簿，内容却不是；请用电子表格软件另存为 .xlsx，CSV 请改名为 .csv",
        (
            "it is no {suffix} workbook, although it is named like one; open it in a"
            " spreadsheet program and save it as .xlsx, or name it .csv if it is CSV"
        ),
    ),
    "broken_book": (
        "不是完整的 .xlsx 工作簿，请用电子表格软件打开后重新保存",
        "it is not a whole .xlsx workbook; open it in a spreadsheet program and save it again",
    ),
    "encoding": (
        "既不是 UTF-8 也不是 GB18030 文本，请另存为 .xlsx",
        "it is neither UTF-8 nor GB18030 text; save it as .xlsx",
    ),
    "csv": (
        "第 {line} 行读不出来（引号不成对或单元格过长），请检查这一行",
        "line {line}: {cause}",
    ),
    "no_headings": (
        "前 {rows} 行里没有表头，应有例如 {examples}",
        "no headings found in the first {rows} rows; expected for example {examples}",
    ),
    "nobody_below": ("表头下面没有人员", "no people below the headings"),
    # Its headings.
    "heading_twice": ("此列出现两次，另一处为“{other}”", "stands twice, also as {other}"),
    "heading_unknown": (
        "不认识的表头{guess}，请改名或删除此列",
        "unknown heading{guess}; rename or remove it",
    ),
    "heading_missing": ("缺少此列", "this column is missing"),
    "guess": ("，是不是“{word}”？", ", did you mean {word}?"),
    # A cell.
    "empty": ("未填写", "is empty"),
    "empty_number": (
        "未填写；没有身份证号时，须有姓名和房号，或卡号",
        "is empty: then name and room, or a card, are needed",
    ),
    "empty_card": (
        "未填写，但状态里写了卡的情况",
        "is empty although the status speaks of a card",
    ),
    "empty_watch": ("未填写，布控须有截止日期", "is empty, but a watch must end on a date"),
    "empty_slot": (
        "未填写，预约须有开始和结束",
        "is empty, an appointment has both",
    ),
    "not_after": ("结束不晚于开始", "is not after the beginning"),
    "no_date": (
        "不是日期，请写成 2020-02-10 或 2020-02-10 14:00",
        "is no date; write it as 2020-02-10 or 2020-02-10 14:00",
    ),
    "made_date": (
        "被电子表格改成了日期，请把此列设为文本格式后重新填写",
        "was turned into a date; format the column as text, type it again",
    ),
    "rounded": (
        "被电子表格四舍五入，只保留了前 {digits} 位；请把此列设为文本格式后重新填写号码",
        (
            "was rounded by the spreadsheet, which keeps {digits} digits of a number;"
            " format the column as text and type the number again"
        ),
    ),
    "number": ("…{tail} {what}", "…{tail} {what}"),
    "power": ("{head}…{tail} {what}", "{head}…{tail} {what}"),
    "example": (
        "这是模板里的示例，请删除此行",
        "this is the example line of the template; delete it",
    ),
    "short_phone": (
        "只有 {n} 位数字，不是电话号码；请写全，没有电话的留空",
        "has {n} digits, too few for a phone number; write it whole, or leave it empty",
    ),
    "unknown": ("不认识{word}{guess}", "{word} is unknown{guess}"),
    "word": ("“{text}”", '"{text}"'),
    "long_word": ("这 {n} 个字符", "a text of {n} characters"),
    # An identity number.
    Fault.LETTERS: (
        "含有数字、字母以外的字符",
        "has characters that are not digits or letters",
    ),
    Fault.FORM: (
        "共 {n} 位，不是身份证号的格式",
        "has {n} characters in a form no identity number has",
    ),
    Fault.CHECK: ("校验位不符，请核对", "check digit does not fit"),
    Fault.PROVINCE: ("开头的省份代码不存在", "starts with a province that does not exist"),
    Fault.BIRTH: ("出生日期不存在", "has a birth date that does not exist"),
    # Two lines.
    "other_name": (
        "与第 {line} 行是同一人，但姓名不同",
        "same person as line {line}, but another name",
    ),
    "other_room": (
        "与第 {line} 行是同一人，但房号不同",
        "same person as line {line}, but another room",
    ),
    "other_category": (
        "与第 {line} 行是同一人，但类别不同",
        "same person as line {line}, but another category",
    ),
    "other_slot": (
        "与第 {line} 行是同一人，但预约时间不同",
        "same person as line {line}, but another appointment",
    ),
    "other_span": (
        "与第 {line} 行是同一人，但有效期不同",
        "same person as line {line}, but another validity",
    ),
    "same_card": ("卡号与第 {line} 行相同", "same card as line {line}"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; code: a key of SENTENCES."""

    code: str
    values: dict[str, "str | int | Problem"] = field(default_factory=dict)

    def said(self, language: Language) -> str:
        """Return the sentence; LookupError for a code or a value we forgot."""
        zh, en = SENTENCES[self.code]
        values = {
            name: value.said(language) if isinstance(value, Problem) else value
            for name, value in self.values.items()
        }
        return (zh if language == "zh" else en).format_map(values)

    def __str__(self) -> str:
        """Return the English sentence."""
        return self.said("en")


def problem(code: str, **values: "str | int | Problem") -> Problem:
    """Return a problem with these values in its sentence."""
    assert code in SENTENCES, f"no sentence for {code}"
    return Problem(code, values)


class UnreadableTable(TableError):
    """A file is no table, or a table without people. problem: why, in both languages.

    attempt: what could not be done to it, such as `read` or `import`, for the English sentence.
    """

    def __init__(self, attempt: str, file_name: str, why: Problem) -> None:
        at = "," if why.code == "csv" else ":"  # cannot read people.csv, line 3: ...
        super().__init__(f"cannot {attempt} {file_name}{at} {why}")
        self.problem = why
