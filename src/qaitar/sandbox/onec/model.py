"""The configuration of the stand-in base: its objects, their attributes and types (cut of УТ 11).

An attribute is written `Name:type`.  Types: guid, str, fixedN (padded to N), text (of unlimited
length, cannot be compared), bool, double, int64, datetime, any (composite: a second `_Type`
property), blob (value storage: `_Base64Data` and `_Type`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

EMPTY_GUID = "00000000-0000-0000-0000-000000000000"
EMPTY_DATE = "0001-01-01T00:00:00"

ORDER = "Document_ЗаказКлиента"
SALE = "Document_РеализацияТоваровУслуг"
RETURN_ORDER = "Document_ЗаявкаНаВозвратТоваровОтКлиента"
RETURN_FILES = "Catalog_ЗаявкаНаВозвратТоваровОтКлиентаПрисоединенныеФайлы"
BLOBS_A = "InformationRegister_ДвоичныеДанныеФайлов"
PRESENCE = "InformationRegister_НаличиеФайлов"
BLOBS_B = "Catalog_ХранилищеДвоичныхДанных"
LINKS_B = "InformationRegister_ХранилищеФайлов"
PRODUCTS = "Catalog_Номенклатура"


@dataclass(frozen=True, slots=True)
class Entity:
    """One object of the configuration: its attributes, its tabular sections and its key."""

    name: str
    attributes: dict[str, str]
    sections: dict[str, dict[str, str]] = field(default_factory=dict)
    key: tuple[str, ...] = ("Ref_Key",)

    @property
    def is_register(self) -> bool:
        """Tell whether records have no reference of their own."""
        return self.name.startswith("InformationRegister_")


def attributes(text: str) -> dict[str, str]:
    """Read a list of `Name:type` words.

    >>> attributes("Цена:double Файл:any")
    {'Цена': 'double', 'Файл': 'any', 'Файл_Type': 'str'}
    """
    found: dict[str, str] = {}
    for word in text.split():
        name, kind = word.split(":")
        if kind == "blob":
            found |= {f"{name}_Base64Data": "binary", f"{name}_Type": "str"}
            continue
        found[name] = kind
        if kind == "any":
            found[f"{name}_Type"] = "str"
    return found


_DOCUMENT = (
    "Ref_Key:guid DataVersion:str DeletionMark:bool Number:fixed11 Date:datetime Posted:bool "
)
_CATALOG = "Ref_Key:guid DataVersion:str DeletionMark:bool Code:fixed11 Description:str "
_SALE_HEAD = (
    "Партнер_Key:guid Контрагент_Key:guid Организация_Key:guid Соглашение_Key:guid Договор_Key:guid"
    " Валюта_Key:guid Склад_Key:guid Менеджер_Key:guid Подразделение_Key:guid Сделка_Key:guid"
    " НалогообложениеНДС:str СпособДоставки:str АдресДоставки:str СуммаДокумента:double"
    " СкидкиРассчитаны:bool Комментарий:text "
)
_SALE_ROW = (
    "LineNumber:int64 Номенклатура_Key:guid Характеристика_Key:guid Упаковка_Key:guid"
    " КоличествоУпаковок:double Количество:double Цена:double Сумма:double {vat} СуммаНДС:double"
    " СуммаСНДС:double КодСтроки:int64 Серия_Key:guid "
)
_RETURN_HEAD = (
    "Приоритет_Key:guid Статус:str ХозяйственнаяОперация:str СпособКомпенсации:str"
    " ДатаПоступления:datetime ЖелаемаяДатаПоступления:datetime ПоступлениеОднойДатой:bool"
    " Согласован:bool ДокументРеализации:any ПричинаВозврата:str300 ПеревозчикПартнер_Key:guid"
    " АдресДоставкиПеревозчика:str ИдентификаторПлатежа:str25 ДополнительнаяИнформация:text "
)
_RETURN_ROW = (
    "ДатаПоступления:datetime НоменклатураОприходование_Key:guid Порча:bool Отменено:bool"
    " ДокументРеализации:any ИдентификаторСтроки:str36 "
)
_FILE = (
    "ВладелецФайла_Key:guid Расширение:str10 Размер:int64 ТипХраненияФайла:str ДатаСоздания:datetime"
    " ДатаМодификацииУниверсальная:datetime Автор_Key:guid Изменил_Key:guid Описание:text Том_Key:guid"
    " ПутьКФайлу:text ПодписанЭП:bool СтатусИзвлеченияТекста:str "
)


def configuration(
    *, files: str = "A", vat: str = "СтавкаНДС_Key:guid", extra_return: str = ""
) -> dict[str, Entity]:
    """Build the objects of a base: file storage generation A or B, VAT of 11.5 or 11.4, added attributes."""
    row = attributes(_SALE_ROW.format(vat=vat))
    order_head = "НомерПоДаннымКлиента:fixed30 ДатаПоДаннымКлиента:datetime Приоритет_Key:guid "
    found = [
        Entity(ORDER, attributes(_DOCUMENT + _SALE_HEAD + order_head), {"Товары": row}),
        Entity(SALE, attributes(_DOCUMENT + _SALE_HEAD + "ЗаказКлиента:any"), {"Товары": row}),
        Entity(
            RETURN_ORDER,
            attributes(_DOCUMENT + _SALE_HEAD + _RETURN_HEAD + extra_return),
            {"ВозвращаемыеТовары": {**row, **attributes(_RETURN_ROW)}},
        ),
        Entity(PRODUCTS, attributes(_CATALOG)),
        Entity(RETURN_FILES, attributes(_CATALOG + _FILE)),
        Entity(
            PRESENCE,
            attributes("ОбъектСФайлами:any ЕстьФайлы:bool ИдентификаторОбъекта:str10"),
            key=("ОбъектСФайлами", "ОбъектСФайлами_Type"),
        ),
    ]
    if files == "A":
        blobs = attributes("Файл:any ДвоичныеДанныеФайла:blob")
        found.append(Entity(BLOBS_A, blobs, key=("Файл", "Файл_Type")))
    else:
        stored = attributes(_CATALOG + "ДвоичныеДанные:blob Хеш:fixed44 Размер:int64")
        links = attributes("Файл:any ХранилищеДвоичныхДанных_Key:guid")
        found += [
            Entity(BLOBS_B, stored),
            Entity(LINKS_B, links, key=("Файл", "Файл_Type")),
        ]
    return {entity.name: entity for entity in found}
