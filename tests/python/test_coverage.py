"""The lists are closed and whole, and every id says how it stands and why."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from fastguard.coverage import STATUSES, coverage, markdown, navigator, plain, techniques
from fastguard.pack import Pack, read_tags

PACK = Pack.default()
FOUND = coverage(PACK)


def test_the_list_is_that_of_the_tags() -> None:
    listed = [item.id for item in techniques()]
    assert len(listed) == len(set(listed)) == 170
    assert set(listed) == read_tags()["atlas"]
    assert {item.id for item in FOUND.owasp} == read_tags()["owasp"]


def test_what_nobody_can_see_has_a_reason_and_nothing_else_has() -> None:
    for item in techniques():
        assert (item.where == "none") == bool(item.reason)
        assert item.where in {"none", "text", "session", "artifact", "text+session"}
        assert all(tactic.startswith("AML.TA") for tactic in item.tactics)


def test_every_signature_is_counted_where_it_says() -> None:
    by_id = {item.id: item for item in (*FOUND.atlas, *FOUND.owasp)}
    for signature in PACK:
        for tag in (*signature.atlas, *signature.owasp):
            assert by_id[tag].status == "covered"
            assert signature.id in by_id[tag].signatures


def test_the_examples_are_those_of_the_signatures() -> None:
    slow = {
        item.id: sum(len(signature.match) for signature in PACK if item.id in signature.atlas) for item in FOUND.atlas
    }
    assert {item.id: item.examples for item in FOUND.atlas if item.status == "covered"} == {
        name: count for name, count in slow.items() if count
    }


def test_a_part_whose_whole_is_covered_is_partly_covered() -> None:
    by_id = {item.id: item for item in FOUND.atlas}
    for item in FOUND.atlas:
        parts = [other for other in FOUND.atlas if other.id.startswith(item.id + ".")]
        if item.status == "partly":
            parent = by_id.get(item.id.rsplit(".", 1)[0])
            assert any(other.status == "covered" for other in parts) or (parent and parent.status == "covered")
        if item.status in {"open", "not observable"}:
            assert not any(other.status == "covered" for other in parts)
            assert item.reason


def test_counts_add_up() -> None:
    for name, items in (("atlas", FOUND.atlas), ("owasp", FOUND.owasp)):
        assert sum(FOUND.counts()[name].values()) == len(items)
        assert set(FOUND.counts()[name]) == set(STATUSES)


@pytest.mark.parametrize("form", ["markdown", "json", "navigator"])
def test_the_command_prints_each_form(form: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "fastguard", "coverage", "--format", form], capture_output=True, text=True, check=True
    )
    if form == "markdown":
        assert run.stdout.rstrip() == markdown(FOUND).rstrip()
        assert all(f"| {item.id} |" in run.stdout for item in FOUND.atlas)
    else:
        assert json.loads(run.stdout) == (plain(FOUND) if form == "json" else navigator(FOUND))


def test_the_layer_has_a_colour_for_every_technique() -> None:
    layer = navigator(FOUND)
    assert [item["techniqueID"] for item in layer["techniques"]] == [item.id for item in FOUND.atlas]
    colours = {item["color"] for item in layer["legendItems"]}
    assert all(item["color"] in colours for item in layer["techniques"])
