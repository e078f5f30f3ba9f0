"""Check digits agree with an independent library, formats with a regular expression, and context decides."""

from __future__ import annotations

import importlib
import string

import pytest
from fastguard import Guard, Policy, _core
from hypothesis import given, settings
from hypothesis import strategies as st

# Our validator, the library's module, an alphabet and a shape for random identifiers ("#" digit, "A" letter).
ORACLES = [
    ("uk_nhs", "gb.nhs", "##########"),
    ("uk_utr", "gb.utr", "##########"),
    ("ie_pps", "ie.pps", "#######A"),
    ("de_vat", "de.vat", "DE#########"),
    ("at_social_security", "at.vnr", "####150384"),
    ("ch_ahv", "ch.ssn", "756##########"),
    ("ch_uid", "ch.uid", "CHE#########"),
    ("fr_siren", "fr.siren", "#########"),
    ("fr_siret", "fr.siret", "##############"),
    ("fr_tax", "fr.nif", "0############"),
    ("es_nie", "es.nie", "X#######A"),
    ("pt_nif", "pt.nif", "2########"),
    ("it_vat", "it.iva", "0123###001#"),
    ("nl_bsn", "nl.bsn", "#########"),
    ("pl_nip", "pl.nip", "##########"),
    ("pl_regon", "pl.regon", "#########"),
    ("gr_afm", "gr.vat", "#########"),
    ("hr_oib", "hr.oib", "###########"),
    ("us_routing", "us.rtn", "0123#####"),
    ("ca_sin", "ca.sin", "#########"),
    ("br_cpf", "br.cpf", "###########"),
    ("br_cnpj", "br.cnpj", "##############"),
    ("cl_rut", "cl.rut", "#########"),
    ("co_nit", "co.nit", "##########"),
    ("ec_cedula", "ec.ci", "171#######"),
    ("cn_credit_code", "cn.uscc", "#1################"),
    ("jp_corporate", "jp.cn", "#############"),
    ("in_aadhaar", "in_.aadhaar", "############"),
    ("th_identity", "th.pin", "#############"),
    ("tr_identity", "tr.tckimlik", "###########"),
    ("il_identity", "il.idnr", "#########"),
    ("au_tax_file", "au.tfn", "#########"),
    ("au_business", "au.abn", "###########"),
    ("au_company", "au.acn", "#########"),
    ("nz_ird", "nz.ird", "########"),
    ("ru_inn", "ru.inn", "##########"),
    ("pl_pesel", "pl.pesel", "840315#####"),
    ("be_national", "be.nn", "840315#####"),
    ("bg_egn", "bg.egn", "840315####"),
    ("ro_cnp", "ro.cnp", "184031501####"),
    ("cz_birth_number", "cz.rc", "840315####"),
    ("cn_resident", "cn.ric", "11010520010315####"),
    ("no_personal", "no.fodselsnummer", "150384#####"),
    ("lv_personal", "lv.pvn", "1503841####"),
]


def luhn(digits: str) -> bool:
    """The textbook's Luhn."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value // 10 + value % 10
    return total % 10 == 0


def filled(shape: str, draw: st.DrawFn) -> str:
    sets = {"#": string.digits, "A": string.ascii_uppercase}
    return "".join(draw(st.sampled_from(sets[c])) if c in sets else c for c in shape)


@pytest.mark.parametrize(("name", "module", "shape"), ORACLES, ids=[row[0] for row in ORACLES])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_check_digits_agree_with_the_library(name: str, module: str, shape: str, data: st.DataObject) -> None:
    """All ten (or 36) last characters of a random number, so that about one of them is right."""
    oracle = importlib.import_module(f"stdnum.{module}")
    text = filled(shape, data.draw)
    last = string.digits + (string.ascii_uppercase if not text[-1].isdigit() or name in LETTER_AT_END else "")
    for character in last:
        number = text[:-1] + character
        if len(set(number)) > 1:
            ours, theirs = _core.validate(name, number), oracle.is_valid(number)
            assert ours == theirs or (ours and name in WIDER), number


# The library also refuses ranges that are not given out yet, and dates in the future.
WIDER = ("be_national", "no_personal")
LETTER_AT_END = ("cl_rut", "cn_resident", "cn_credit_code")


@settings(max_examples=300, deadline=None)
@given(st.text(string.digits, min_size=9, max_size=9))
def test_npi_is_luhn_behind_its_prefix(tail: str) -> None:
    number = "1" + tail
    if len(set(number)) > 1:
        assert _core.validate("us_npi", number) == luhn("80840" + number)


def test_wallets() -> None:
    """Published addresses, and the same with one character changed."""
    good = [
        ("base58check", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
        ("base58check", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        ("bech32", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("bech32", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
        ("bech32", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
        ("ethereum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ("ethereum", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"),
    ]
    for name, address in good:
        assert _core.validate(name, address), address
        for i in range(6, len(address), 5):
            other = "q" if address[i] != "q" else "p"
            if name == "ethereum":
                other = address[i].swapcase() if address[i].isalpha() else "x"
            assert not _core.validate(name, address[:i] + other + address[i + 1 :]), (address, i)


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(model=None, policy=Policy(name="ids", detectors={"*": False, "pii/*": True}))


def ids(guard: Guard, text: str) -> list[tuple[str, str]]:
    return [(f.signature.rsplit(".", 1)[-1], f.text) for f in guard.check(text).findings]


def test_context_decides_between_formats(guard: Guard) -> None:
    number = "123456782"  # Luhn, so a SIREN, a SIN, an Israeli id
    assert ids(guard, f"Bestellung {number}") == []
    assert ids(guard, f"SIREN {number}") == [("fr_siren", number)]
    assert ids(guard, f"SIN {number}") == [("ca_sin", number)]
    assert ids(guard, f"Her SIN is {number}. Our SIREN is not known here.") == [("ca_sin", number)]
    assert ids(guard, f"SIREN {'word ' * 12}{number}") == []


def test_context_behind_the_number_and_in_every_width(guard: Guard) -> None:
    assert ids(guard, "943 476 5919 (NHS number)") == [("uk_nhs", "943 476 5919")]
    assert ids(guard, "NHS number 943\u00a0476\u00a05919")[0][0] == "uk_nhs"
    assert ids(guard, "ＮＨＳ ９４３４７６５９１９")[0][0] == "uk_nhs"


def test_numbers_inside_other_things_are_none(guard: Guard) -> None:
    for text in (
        "NHS log 2024-01-15T10:00:00Z 9434765919.123",
        "nhs id 9b2f1c7e-9434-7659-1943-9434765919ab",
        "nhs x9434765919y",
        "nhs a_9434765919",
    ):
        assert ids(guard, text) == []


def test_a_sea_of_numbers_takes_linear_time(guard: Guard) -> None:
    """Every number passes a format, and a context word stands everywhere."""
    import time

    def seconds(count: int) -> float:
        text = "passport A1234567 nif 12345678 " * count
        start = time.thread_time()
        guard.check(text)
        return time.thread_time() - start

    seconds(500)
    small = min(seconds(500) for _ in range(3))
    large = min(seconds(4000) for _ in range(3))
    assert large < 8 * small * 4


def test_a_format_that_cannot_be_read_is_named() -> None:
    def pack(formats: list[str]) -> None:
        spec = _core.SignatureSpec(
            id="pii.test.it", category="pii", severity="low", tier=1, kind="candidate", views=["raw"],
            candidate="format", formats=formats, context=["it"], needs_context=True,
        )  # fmt: skip
        _core.Pack.build([spec], {})

    pack(["9{3}-?9{2}"])
    for wrong, problem in {
        "9{3": "needs a }",
        "": "empty",
        "[": "a list needs",
        "[9-0]": "runs backwards",
        "Z9": "lower case",
        "9{101}": "longer than",
        "9\\": "backslash at the end",
    }.items():
        with pytest.raises(_core.PackBuildError, match="pii.test.it|" + problem) as caught:
            pack([wrong])
        assert caught.value.args[1:] == ("pii.test.it", "formats")
