"""Packs: where signatures and concepts come from, what a pattern must look like, and what lint says."""

from __future__ import annotations

import dataclasses
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastguard import Action, Guard, PackError, Policy
from fastguard.lint import lint
from fastguard.pack import Pack, compile_pack, read_tags
from fastguard.shape import shape_of
from hypothesis import given
from hypothesis import strategies as st

KEY = "acme_0123456789abcdef"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of a user's pack and return its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def signature(id: str, **fields: str) -> str:  # noqa: A002
    table = {
        "id": f'"{id}"',
        "summary": '"A key of Acme"',
        "severity": '"high"',
        "tier": "1",
        "pattern": "'acme_[0-9a-f]{16}'",
        "match": f'["{KEY}", "x acme_fedcba9876543210 y"]',
        "no_match": '["acme_0123", "acme is a name"]',
        **fields,
    }
    lines = "".join(f"{key} = {value}\n" for key, value in table.items() if value)
    return f'schema = 1\ntitle = "Acme"\n\n[[signature]]\n{lines}'


def guard_of(*paths: Path) -> Guard:
    return Guard(packs=Pack.load(paths, default=False), model=None, cache=False)


def test_the_default_pack_is_what_the_readme_promises() -> None:
    pack = Pack.default()
    assert len(pack) >= 150
    assert len({item.id for item in pack}) == len(pack)
    assert {"prompt_injection", "jailbreak", "secret", "pii"} <= {item.category for item in pack}
    assert sum(item.category == "secret" for item in pack) >= 40
    assert all(len(item.match) >= 2 and len(item.no_match) >= 2 for item in pack)


def test_tags_are_a_closed_list_of_atlas_and_owasp_ids() -> None:
    tags = read_tags()
    assert "AML.T0051.000" in tags["atlas"]
    assert "LLM01:2025" in tags["owasp"]
    for item in Pack.default():
        assert set(item.atlas) <= tags["atlas"]
        assert set(item.owasp) <= tags["owasp"]


def test_a_folder_gives_category_and_detector(write: Write) -> None:
    path = write("secret/acme.toml", signature("secret.acme.key"))
    (item,) = Pack.load([path.parent.parent], default=False)
    assert (item.category, item.detector, item.file) == ("secret", "secret/acme", str(path))


@pytest.mark.parametrize("folder", ["secret", "anything"])
def test_a_single_file_is_of_its_folders_category_or_custom(write: Write, folder: str) -> None:
    category = folder if folder == "secret" else "custom"
    path = write(f"{folder}/acme.toml", signature(f"{category}.acme.key"))
    (item,) = Pack.load([path], default=False)
    assert item.category == category
    assert guard_of(path).check(f"the key {KEY}").findings[0].detector == f"{category}/acme"


def test_a_users_pack_stands_beside_the_default_one(acme: Path) -> None:
    assert len(Pack.load([acme])) == len(Pack.default()) + 1


def test_a_relative_path_given_as_one_string_is_one_path(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(acme.parent)
    assert len(Pack.load(acme.name, default=False)) == 1  # type: ignore[arg-type]


def test_an_id_of_the_default_pack_cannot_be_taken(write: Write) -> None:
    taken = next(item for item in Pack.default() if item.category == "secret" and item.kind == "pattern")
    detector = taken.id.split(".")[1]
    path = write(f"secret/{detector}.toml", signature(taken.id))
    with pytest.raises(PackError, match=re.escape(f"{taken.id}: id: the id is in {taken.file}, too")):
        Pack.load([path])


def test_a_concept_of_the_default_pack_cannot_be_taken(write: Write) -> None:
    name = next(iter(Pack.default().concepts))
    write("custom/acme.toml", signature("custom.acme.key"))
    path = write("concepts.toml", f'schema = 1\n[concept.{name}]\nsummary = "x"\nen = ["word"]\n')
    with pytest.raises(PackError, match=f"{name}: the concept is in .*, too"):
        Pack.load([path.parent])


def test_a_users_phrase_takes_own_concepts_and_literals(write: Write) -> None:
    write(
        "concepts.toml",
        'schema = 1\n[concept.hand_over]\nsummary = "to hand over"\nen = ["hand over", "give*"]\nde = ["gib", "gebt"]\n',
    )
    path = write(
        "custom/gold.toml",
        signature(
            "custom.gold.give",
            pattern="",
            phrase='["@hand_over", "the gold"]',
            within="5",
            match='["Hand over the gold!", "giving me the gold"]',
            no_match='["the gold standard", "gib mir Gold"]',
        ),
    )
    guard = guard_of(path.parent.parent)
    finding = guard.check("Now GIVE me all the gold.").findings[0]
    assert finding.text == "GIVE me all the gold"
    assert guard.check("gold the give").findings == ()


def test_an_own_phrase_may_use_concepts_of_the_default_pack(write: Write) -> None:
    concept = Pack.default().concepts
    name = next(name for name, item in concept.items() if "en" in item.words)
    word = next(entry for entry in concept[name].words["en"] if not entry.endswith("*"))
    path = write(
        "custom/own.toml",
        signature("custom.own.one", pattern="", phrase=f'["@{name}", "flurble"]', within="9", match='["a b", "c d"]'),
    )
    guard = Guard(packs=[path], model=None)
    assert [f.signature for f in guard.check(f"{word} flurble").findings if f.category == "custom"] == [
        "custom.own.one"
    ]


def test_hidden_and_other_files_are_no_signatures(write: Write) -> None:
    path = write("custom/acme.toml", signature("custom.acme.key"))
    write("custom/.draft.toml", "broken")
    write("custom/notes.md", "notes")
    write(".git/config.toml", "broken")
    assert len(Pack.load([path.parent.parent], default=False)) == 1


@pytest.mark.parametrize("name", ["absent", "absent.toml", "absent/custom/x.toml"])
def test_a_path_that_is_not_there_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackError, match=re.escape(str(tmp_path / name)) + ": No such file"):
        Pack.load([tmp_path / name])


def test_a_folder_without_rights_is_an_error_that_names_it(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "locked").mkdir(mode=0)
    with pytest.raises(PackError, match="locked: Permission denied"):
        Pack.load([tmp_path / "locked"])


def test_paths_must_be_paths(acme: Path) -> None:
    with pytest.raises(TypeError):
        Guard(packs=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a list of paths"):
        Guard(packs=str(acme))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got bytes"):
        Guard(packs=[os.fsencode(acme)])  # type: ignore[list-item]


def test_the_digest_follows_the_content(acme: Path) -> None:
    before = Pack.load([acme], default=False)
    assert before.digest == Pack.load([acme], default=False).digest
    file = acme / "custom" / "acme.toml"
    file.write_text(file.read_text() + "\n# changed\n")
    assert Pack.load([acme], default=False).digest != before.digest


def test_a_changed_pack_object_is_compiled_as_it_is_now(acme: Path) -> None:
    pack = Pack.load([acme], default=False)
    compile_pack(pack)
    (item,) = pack
    changed = dataclasses.replace(pack, signatures=(dataclasses.replace(item, pattern="acne_[0-9]{3}"),))
    guard = Guard(packs=changed, model=None)
    assert guard.check("acne_123").action is Action.BLOCK
    assert guard.check(KEY).findings == ()


def test_a_signature_that_is_off_by_default_waits_for_the_policy(write: Write) -> None:
    path = write("custom/acme.toml", signature("custom.acme.key", default="false"))
    pack = Pack.load([path], default=False)
    assert Guard(packs=pack, model=None).check(KEY).findings == ()
    policy = Policy(signatures={"custom.acme.key": True})
    assert len(Guard(packs=pack, model=None, policy=policy).check(KEY).findings) == 1


def test_a_signature_for_some_sources_is_silent_for_others(write: Write) -> None:
    guard = guard_of(write("custom/acme.toml", signature("custom.acme.key", sources='["tool_result"]')))
    assert guard.check(KEY).findings == ()
    assert len(guard.check(KEY, source="tool_result").findings) == 1


def test_lint_finds_nothing_in_a_good_file(acme: Path) -> None:
    assert lint([acme], default=False) == []


def test_lint_of_a_default_file_by_its_path_checks_that_file(tmp_path: Path) -> None:
    default = Pack.default()
    shipped = next(Path(item.file) for item in default if item.id.startswith("hidden_text."))
    (tmp_path / "link").symlink_to(shipped.parent)
    for place in (shipped, tmp_path / "link" / shipped.name):
        assert len(Pack.load([place])) == len(default)
        assert lint([place]) == []


def test_lint_names_every_example_that_comes_out_wrong(write: Write) -> None:
    path = write(
        "custom/acme.toml",
        signature("custom.acme.key", match=f'["{KEY}", "acme_xyz"]', no_match=f'["no key", "see {KEY}"]'),
    )
    assert [(problem.field, problem.text) for problem in lint([path], default=False)] == [
        ("match[1]", 'not found in "acme_xyz"'),
        ("no_match[1]", f'found "{KEY}" in "see {KEY}"'),
    ]


def test_lint_asks_for_an_example_a_language(write: Write) -> None:
    write("concepts.toml", 'schema = 1\n[concept.gold]\nsummary = "gold"\nen = ["gold"]\nde = ["gelb"]\nfr = ["or"]\n')
    path = write(
        "custom/gold.toml",
        signature(
            "custom.gold.word", pattern="", phrase='["@gold"]', match='["GOLD!", "Gelb."]', no_match='["a", "b"]'
        ),
    )
    (problem,) = lint([path.parent.parent], default=False)
    assert str(problem) == f"{path}: custom.gold.word: match: no example in fr; expected one a language"


def test_lint_names_slots_that_the_same_word_fills(write: Write) -> None:
    write(
        "concepts.toml",
        "schema = 1\n"
        '[concept.take]\nsummary = "take"\nen = ["take", "act as"]\nde = ["dein"]\n'
        '[concept.act]\nsummary = "act"\nen = ["Act As"]\nhi = ["dein"]\n',
    )
    path = write(
        "custom/act.toml",
        signature(
            "custom.act.it", pattern="", phrase='["@take", "@act"]', within="9", match='["take act as", "act as take"]'
        ),
    )
    (problem,) = lint([path.parent.parent], default=False)
    assert problem.field == "phrase[1]"
    assert problem.text == '"Act As" is an entry of "@act" and of "@take"; expected no shared entry'


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("'acme_[0-9'", "does not compile"),
        ("'(acme)?'", "no literal to anchor it"),
        ("'^[a-z]{1,9}[0-9]+$'", "no literal to anchor it"),
        ("'acme(?!x)'", "has look-ahead"),
    ],
)
def test_lint_says_what_is_wrong_with_a_pattern(write: Write, pattern: str, text: str) -> None:
    path = write("custom/acme.toml", signature("custom.acme.key", pattern=pattern))
    (problem,) = lint([path], default=False)
    assert (problem.id, problem.field) == ("custom.acme.key", "pattern")
    assert text in problem.text


@pytest.mark.parametrize(
    ("pattern", "opening"),
    [
        (r"^[a-z]{1,9}=[0-9]{2}$|^;[a-z]", True),
        (r"^(?:a|b){0,4}[0-9]?", True),
        (r"^[a-z]{1,9}|[0-9]{2}", False),
        (r"(?:^|x)[0-9]{2}", False),
        (r"^[a-z]*[0-9]", False),
        (r"^(?:[a-z]+;){2}", False),
    ],
)
def test_patterns_of_the_beginning(pattern: str, opening: bool) -> None:
    assert shape_of(pattern).opening == opening


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "AKIA"),
        (r"gh[pousr]_[A-Za-z0-9]{36}", "ghp_"),
        (r"(?i)ignore\s+all", "ignore"),
        (r"(?:foo|barbaz)qux?", "fooqu"),
        (r"a{3}b", "aaab"),
        (r"(?:ab)+cd", "abcd"),
        (r"(?:ab){2,5}cd", "abab"),
        (r"x.{0,10}yyy", "yyy"),
        (r"gl(?:sa_[a-z]{9}|c_[0-9]{9})", "glc_"),
        (r":\s?\(\s?\)", ":()"),
        (r"[0-9]+", ""),
        (r"(?:abc)?[0-9]", ""),
        (r"(?:abc|[0-9])", ""),
        (r"<\|im_start\|>", "<|im_start|>"),
        (r"\x41\x{42}C", "ABC"),
        (r"\Qa.b\E", "a.b"),
        (r"(?x) a b c # comment", "abc"),
        (r"[^a]bcd[]x]", "bcd"),
        (r"[[:alpha:]]key", "key"),
    ],
)
def test_the_literal_of_a_pattern_is_found(pattern: str, literal: str) -> None:
    assert shape_of(pattern).literal == literal


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a.*b", 'an open ".*"'),
        ("a.+b", 'an open ".+"'),
        ("a.{2,}b", 'an open ".{2,}"'),
        (r"a[\s\S]*b", r'an open "[\s\S]*"'),
        ("(?=a)b", "look-ahead"),
        ("(?!a)b", "look-ahead"),
        ("(?<=a)b", "look-behind"),
        ("(?<!a)b", "look-behind"),
        (r"(a)\1", "a back-reference"),
        (r"(?P<n>a)(?P=n)", "a back-reference"),
        (r"(a)\k<1>", "a back-reference"),
        ("(?>ab)c", "an atomic group"),
        ("ab++c", "a possessive quantifier"),
        (r"\bключ", '"\\b" beside the non-ASCII letter "к"'),
        (r"ключ\b", '"\\b" beside the non-ASCII letter "ч"'),
    ],
)
def test_what_a_pattern_may_not_hold_is_found(pattern: str, problem: str) -> None:
    assert shape_of(pattern).problems == [problem]


@pytest.mark.parametrize("pattern", ["a.{0,20}b", r"a[^\n]*b", r"(?i:ab)c", r"a\.\*b", "[.*]+abc", r"\bkey\b"])
def test_what_a_pattern_may_hold_is_no_problem(pattern: str) -> None:
    assert shape_of(pattern).problems == []


words = st.text("abcxyz", min_size=1, max_size=4)
repeats = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{0,2}"])
atoms = words | st.sampled_from(["[0-9]", "[a-z]", r"\d", "."])
sequences = st.lists(st.tuples(atoms, repeats), min_size=1, max_size=5).map(
    lambda parts: "".join(f"(?:{atom}){repeat}" for atom, repeat in parts)
)


@given(sequences, st.data())
def test_every_match_holds_the_literal(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    assert shape_of(pattern).literal in text


def test_any_string_has_a_shape() -> None:
    source = random.Random(1)
    for _ in range(5000):
        shape_of("".join(source.choices("ab\\[](){}?*+|.^$x:<!=P#-0 1,йQEk", k=source.randrange(14))))
