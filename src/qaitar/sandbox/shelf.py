"""What the imitated shop sells and who buys there; all names are made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qaitar.sandbox.kaspi.ledger import Buyer, BuyerClaim, Goods
from qaitar.sandbox.pictures import photo

if TYPE_CHECKING:
    import random


@dataclass(frozen=True, slots=True)
class Grievance:
    """Why people bring things back: the cabinet's code and text, their own words, and how often (weight)."""

    code: str
    text: str
    words: str
    weight: int
    damaged: bool = False


def _goods(code: int, name: str, tenge: int, category: str) -> Goods:
    return Goods(
        offer_code=f"AM-{code:03d}",
        name=name,
        price_tiyn=tenge * 100,
        card=str(100_137_000 + code),
        category_code=f"Master - {code // 10}",
        category_title=category,
    )


GOODS: Final = (
    _goods(11, "Чайник электрический Aral 1,7 л", 11_990, "Электрочайники"),
    _goods(12, "Блендер погружной Sary 800 Вт", 18_490, "Блендеры"),
    _goods(13, "Пылесос Dala Cyclone 2000", 64_900, "Пылесосы"),
    _goods(21, "Смартфон Tulpar A5 128 ГБ", 129_990, "Смартфоны"),
    _goods(22, "Смартфон Tulpar X 256 ГБ", 249_990, "Смартфоны"),
    _goods(23, "Наушники беспроводные Kobyz", 24_990, "Наушники"),
    _goods(24, "Умные часы Saukele 2", 39_990, "Смарт-часы"),
    _goods(31, "Кроссовки Jorga беговые", 27_500, "Кроссовки"),
    _goods(32, "Куртка зимняя Burabay", 46_900, "Куртки мужские"),
    _goods(33, "Термобельё женское Shymbulaq", 14_990, "Термобелье женское"),
    _goods(34, "Носки хлопковые Zhibek, 5 пар", 4_990, "Носки мужские"),
    _goods(41, "Ноутбук Zerde 15 16/512", 329_990, "Ноутбуки"),
    _goods(42, "Монитор Aina 27 дюймов", 99_990, "Мониторы"),
    _goods(43, "Телевизор Kokzhiek 50", 189_990, "Телевизоры"),
    _goods(51, "Набор посуды Kazan, 7 предметов", 32_900, "Наборы посуды"),
    _goods(52, "Тонометр автоматический Densaulyk", 21_900, "Тонометры"),
)
BY_CODE: Final = {goods.offer_code: goods for goods in GOODS}
_PEOPLE: Final = (
    ("Оксана", "Литвиненко"),
    ("Ерлан", "Сапаров"),
    ("Жанна", "Тулегенова"),
    ("Асхат", "Нурланов"),
    ("Гульмира", "Ибраева"),
    ("Виктор", "Ким"),
    ("Сауле", "Ахметова"),
    ("Марат", "Жумабеков"),
    ("Ирина", "Соколова"),
    ("Бауыржан", "Оспанов"),
    ("Динара", "Касымова"),
    ("Алексей", "Гринько"),
    ("Айгуль", "Мусина"),
    ("Тимур", "Ержанов"),
    ("Наталья", "Пак"),
    ("Қуаныш", "Әбілов"),
    ("Әсем", "Нұрғалиева"),
    ("Роман", "Дубинин"),
)
BUYERS: Final = tuple(
    Buyer(first, last, f"70000000{number:02d}")
    for number, (first, last) in enumerate(_PEOPLE, start=1)
)
ADDRESSES: Final = (
    "г. Алматы, ул. Розыбакиева, д. 101, кв. 14",
    "г. Алматы, пр. Абая, д. 52, кв. 7",
    "г. Астана, пр. Кабанбай батыра, д. 11",
    "г. Шымкент, ул. Тауке хана, д. 3, кв. 21",
    "г. Караганда, бул. Мира, д. 30",
)
GRIEVANCES: Final = (
    Grievance("UNSUITABLE", "Не понравился", "Не подошёл по цвету, не пользовались", 5),
    Grievance("SIZE_MISMATCH", "Не подошёл размер", "Оказался мал, бирки на месте", 4),
    Grievance("DEFECT", "Товар с дефектом", "Не включается, кнопка не работает", 5),
    Grievance("DEFECT", "Товар с дефектом", "Сломался на третий день, брак", 3),
    Grievance(
        "DAMAGE", "Механическое повреждение", "Пришёл с трещиной на корпусе", 3, damaged=True
    ),
    Grievance("WRONG", "Товар не как на фото", "Прислали другой цвет и модель", 2),
    Grievance("SHORT_DELIVERY", "Не получил товар", "Получил пустую коробку", 1),
)


def claim_of(goods: Goods, grievance: Grievance, *, seed: int, line: int = 0) -> BuyerClaim:
    """Put a grievance about these goods into a claim with two photos: the goods and the packaging."""
    photos = (
        photo(goods.name, seed=seed, damaged=grievance.damaged),
        photo("Упаковка", seed=seed + 1),
    )
    return BuyerClaim(grievance.code, grievance.text, grievance.words, photos, line)


def some_grievance(dice: random.Random) -> Grievance:
    """Draw a grievance by its weight."""
    return dice.choices(GRIEVANCES, weights=[each.weight for each in GRIEVANCES])[0]
