"""Text records as cards hold them, written from the data sheet (GA/T 490) for the simulator.

256 bytes of UTF-16LE; every field starts at its offset and is padded with blanks. Everything a
caller leaves out is invented. This file and the decoder know nothing of each other.
"""

from datetime import date

RECORD_CHARACTERS = 128
NO_END = "长期"
_FROM = date(2015, 1, 1)
_UNTIL = date(2035, 1, 1)


def resident_record(
    name: str,
    id_number: str,
    *,
    valid_until: date | None = _UNTIL,
    valid_from: date = _FROM,
    sex: str = "1",
    ethnic_group: str = "01",
    address: str = "示例市样本区测试路1号",
    issuer: str = "示例市公安局样本分局",
) -> bytes:
    """Return the record of a resident's card. valid_until None is a card without end."""
    return _record(
        {
            0: name,
            30: sex,
            32: ethnic_group,
            36: id_number[6:14],
            52: address,
            122: id_number,
            158: issuer,
            188: _day(valid_from),
            204: _day(valid_until),
        }
    )


def permit_record(
    name: str,
    id_number: str,
    *,
    valid_until: date | None = _UNTIL,
    valid_from: date = _FROM,
    sex: str = "1",
    address: str = "示例市样本区测试路2号",
    issuer: str = "示例市公安局样本分局",
    travel_permit: str = "H00000000",
    times_issued: str = "01",
) -> bytes:
    """Return the record of a residence permit for Hong Kong, Macao and Taiwan residents."""
    return _record(
        {
            0: name,
            30: sex,
            36: id_number[6:14],
            52: address,
            122: id_number,
            158: issuer,
            188: _day(valid_from),
            204: _day(valid_until),
            220: travel_permit,
            238: times_issued,
            248: "J",
        }
    )


def foreigner_2017_record(
    latin_name: str,
    id_number: str,
    *,
    name: str = "",
    valid_until: date | None = _UNTIL,
    valid_from: date = _FROM,
    sex: str = "1",
    birth: date = date(1980, 1, 1),
    authority: str = "1500",
) -> bytes:
    """Return the record of a foreigner's permanent residence card, 2017 version."""
    return _record(
        {
            0: latin_name,
            120: sex,
            122: id_number,
            152: id_number[:3],
            158: name,
            188: _day(valid_from),
            204: _day(valid_until),
            220: _day(birth),
            236: "01",
            240: authority,
            248: "I",
        }
    )


def foreigner_2023_record(
    latin_name: str,
    id_number: str,
    *,
    nationality: str = "PAK",
    link: str = "",
    name: str = "",
    valid_until: date | None = _UNTIL,
    valid_from: date = _FROM,
    sex: str = "1",
    times_renewed: str = "01",
) -> bytes:
    """Return the record of a foreigner's permanent residence card, 2023 version.

    link: three characters that lead to the number the holder had before, or nothing.
    """
    return _record(
        {
            0: name,
            30: sex,
            32: times_renewed,
            36: id_number[6:14],
            52: latin_name[:35],
            122: id_number,
            188: _day(valid_from),
            204: _day(valid_until),
            220: latin_name[35:46],
            242: nationality,
            248: "Y",
            250: link,
        }
    )


def address_data(address: str) -> bytes:
    """Return the 70 bytes that answer "read newest address"."""
    return address.ljust(35).encode("utf-16-le")


def _day(day: date | None) -> str:
    return NO_END if day is None else day.strftime("%Y%m%d")


def _record(fields: dict[int, str]) -> bytes:
    record = bytearray(" ".encode("utf-16-le") * RECORD_CHARACTERS)
    for offset, text in fields.items():
        written = text.encode("utf-16-le")  # a rare character takes two units
        record[offset : offset + len(written)] = written
    return bytes(record)
