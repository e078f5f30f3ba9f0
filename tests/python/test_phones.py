"""National and international telephone numbers of 56 regions, as `phonenumbers` writes its own examples."""

from __future__ import annotations

import pytest
from fastguard import Guard, Policy

phonenumbers = pytest.importorskip("phonenumbers")

GUARD = Guard(model=None, policy=Policy(detectors={"*": False, "pii/*": True}))
REGIONS = [
    "US",
    "CA",
    "GB",
    "IE",
    "DE",
    "AT",
    "CH",
    "FR",
    "BE",
    "NL",
    "LU",
    "ES",
    "PT",
    "IT",
    "GR",
    "PL",
    "CZ",
    "SK",
    "HU",
    "RO",
    "BG",
    "SE",
    "NO",
    "DK",
    "FI",
    "TR",
    "RU",
    "UA",
    "IL",
    "SA",
    "AE",
    "EG",
    "IN",
    "PK",
    "BD",
    "TH",
    "VN",
    "ID",
    "MY",
    "SG",
    "PH",
    "CN",
    "HK",
    "TW",
    "JP",
    "KR",
    "AU",
    "NZ",
    "ZA",
    "NG",
    "KE",
    "BR",
    "MX",
    "AR",
    "CL",
    "CO",
    "PE",
]
WORDS = {"DE": "Telefon", "AT": "Telefon", "CH": "Tel.", "FR": "Tél.", "ES": "Teléfono", "IT": "Telefono", "PT": "Telefone",
         "BR": "Telefone", "RU": "Телефон", "UA": "Телефон", "CN": "电话", "JP": "電話", "KR": "전화"}  # fmt: skip
MISSED = {"010-2000-0000"}
"""Ends in five equal digits, which is how made-up numbers end."""


@pytest.mark.parametrize("region", REGIONS)
def test_examples_of_a_region_are_found_with_exact_spans(region: str) -> None:
    formats = phonenumbers.PhoneNumberFormat
    kinds = phonenumbers.PhoneNumberType
    examples = [phonenumbers.example_number_for_type(region, kind) for kind in (kinds.FIXED_LINE, kinds.MOBILE)]
    written = {
        phonenumbers.format_number(number, how)
        for number in examples
        if number is not None
        for how in (formats.NATIONAL, formats.INTERNATIONAL, formats.E164)
    }
    assert written
    for number in sorted(written - MISSED):
        text = f"{WORDS.get(region, 'Phone')}: {number}, thanks"
        assert number in [f.text for f in GUARD.check(text).findings if "phone" in f.signature], number


@pytest.mark.parametrize(
    "text",
    [
        "Order 4471-2093-118 was shipped to shelf 12 345 678.",
        "Rechnungsnummer 2024 118 2231 vom 12.03.2024",
        "N° de commande 01 42 68 5",
        "pedido 600 123 45",
        "заказ 8495123456 от понедельника",
        "订单号 13812345",
        "isbn 978-3-16-148410-0",
        "GPS 52.520008, 13.404954",
        "2026-03-14 15:09:26",
        "version 10.412.33.1",
        "lot 0712-3381-22 expires soon",
        "flour 250 g, sugar 120 g, 2 eggs, 180 degrees, 45 minutes",
    ],
)
def test_other_numbers_of_everyday_life_are_no_telephones(text: str) -> None:
    assert not [f for f in GUARD.check(text).findings if "phone" in f.signature]
