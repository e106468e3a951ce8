"""Invents the demo's people: numbers with right check digits, names, rooms, passes.

Nobody here exists: the area code of every number is followed by an invented birthday, and the
names are drawn from two short lists.
"""

import csv
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from gated.cli.demo.scenario import Role, Scene
from gated.core import passes
from gated.core.id_number import check_character
from gated.core.model import Category
from gated.core.pass_claims import PassClaims
from gated.core.pseudonym import person_ref
from gated.store.keys import SigningKey

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = ("伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "勇", "军", "杰", "秀英", "建国")
HOUSE_FILLER = 200  # people on the list who do not come today
ZONE_HERE, ZONE_ELSEWHERE = 1, 9
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Invented:
    """One invented person with everything the roster and the devices need."""

    role: Role
    id_number: str
    name: str
    building: int
    unit: int
    room: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One scene with its people, played once. number: 1, 2, 3 ... over the whole demo.

    stand_ins: other people in the same roles, for a visit that chaos cut short: a gate counts
    tries per person, so the same person coming again may rightly be told something else.
    """

    number: int
    scene: Scene
    people: dict[str, Invented]
    stand_ins: tuple[dict[str, Invented], ...] = ()

    def again(self) -> "Arrival":
        """Return the same scene with the next people in its roles."""
        casts = (*self.stand_ins, self.people)
        return replace(self, people=casts[0], stand_ins=casts[1:])


class Town:
    """Makes people from one seed; never the same number twice."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._numbers: set[str] = set()
        self._rooms = 0

    def arrivals(self, scenes: tuple[Scene, ...], count: int, stand_ins: int = 0) -> list[Arrival]:
        """Return `count` arrivals: the scenes in order, again with fresh people when they end.

        stand_ins: how many further casts each arrival gets.
        """
        played = [scenes[index % len(scenes)] for index in range(count)]
        first = [self._people(scene) for scene in played]
        more = [tuple(self._people(scene) for _ in range(stand_ins)) for scene in played]
        return [
            Arrival(number, scene, first[number - 1], more[number - 1])
            for number, scene in enumerate(played, 1)
        ]

    def filler(self) -> list[Invented]:
        """Return residents who are on the list and stay at home."""
        role = Role("Z", Category.RESIDENT)
        return [self._invent(role) for _ in range(HOUSE_FILLER)]

    def person(self, category: Category = Category.RESIDENT) -> Invented:
        """Return one more person, for example somebody who is added later."""
        return self._invent(Role("N", category))

    def _people(self, scene: Scene) -> dict[str, Invented]:
        people: dict[str, Invented] = {}
        for role in scene.roles:
            person = self._invent(role)
            if role.household:
                host = people[role.household]
                person = replace(person, building=host.building, unit=host.unit, room=host.room)
            people[role.letter] = person
        return people

    def _invent(self, role: Role) -> Invented:
        self._rooms += 1
        floor, door = divmod(self._rooms % 120, 4)
        name = role.name or self._random.choice(SURNAMES) + self._random.choice(GIVEN)
        return Invented(
            role,
            self._number(minor=role.category is Category.HOUSEHOLD_MINOR),
            name,
            building=1 + self._rooms // 120 % 9,
            unit=1 + self._rooms % 3,
            room=(1 + floor) * 100 + 1 + door,
        )

    def _number(self, *, minor: bool) -> str:
        while True:
            year = self._random.randint(2015, 2019) if minor else self._random.randint(1940, 2000)
            birthday = f"{year}{self._random.randint(1, 12):02d}{self._random.randint(1, 28):02d}"
            body = f"110105{birthday}{self._random.randint(1, 999):03d}"
            number = body + check_character(body)
            if number not in self._numbers:
                self._numbers.add(number)
                return number


def write_table(path: Path, people: list[Invented], now: datetime) -> None:
    """Write the people as the CSV table an office would export, Chinese headings and all.

    now: aware local time of the site; statuses and slots are counted from it.
    """
    headings = ["身份证号", "姓名", "楼栋", "单元", "房号", "类别", "状态", "开始", "结束"]
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.writer(out)
        table.writerow(headings)
        for person in people:
            role = person.role
            begins, ends = "", ""
            if role.slot_min is not None:
                begins, ends = (_stamp(now + timedelta(minutes=m)) for m in role.slot_min)
            statuses = ";".join(status.value for status in role.statuses)
            table.writerow(
                [person.id_number, person.name, person.building, person.unit, person.room,
                 role.category.value, statuses, begins, ends]
            )  # fmt: skip


def registration(form: str, person: Invented) -> dict[str, object]:
    """Return what a guard writes down about somebody, as the screen sends it."""
    return {
        "kind": "registration",
        "form": form,
        "name": person.name,
        "document_kind": "id_card",
        "document_number": person.id_number,
        "to": f"{person.building}-{person.unit}-{person.room}",
        "reason": "探亲",
    }


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class PassOffice:
    """Signs the demo's passes. forger: a key that names itself with the issuer's id."""

    site_key: bytes
    issuer: SigningKey
    forger: SigningKey

    def text(self, person: Invented, now_s: int, flaw: str = "") -> str:
        """Return a pass for this person. flaw: forged, expired, foreign or nothing."""
        start, end = now_s - 3600, now_s + DAY_S
        if flaw == "expired":
            start, end = now_s - 2 * DAY_S, now_s - DAY_S
        seed = f"{person.id_number}{flaw}{now_s}"
        claims = PassClaims(
            pass_id=random.Random(seed).randbytes(8),
            person=person_ref(self.site_key, person.id_number)[:8],
            issued_at=start,
            not_before=start,
            expires=end,
            zones=(ZONE_ELSEWHERE if flaw == "foreign" else ZONE_HERE,),
            directions=3,
            kid=self.issuer.kid,
        )
        signer = self.forger if flaw == "forged" else self.issuer
        return passes.mint(claims, signer.sign, self.issuer.kid, self.issuer.algorithm)
