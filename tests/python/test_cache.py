"""The cache of compiled packs is used when it is whole and ours, and never fails otherwise."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from fastguard import Guard, cache
from fastguard.pack import Pack, compile_pack

KEY = "k" * 64


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache"
    monkeypatch.setenv("FASTGUARD_CACHE_DIR", str(path))
    return path


def stored(folder: Path) -> Path:
    (path,) = folder.glob("*.fgc")
    return path


@pytest.fixture
def acme_pack_object(acme: Path) -> Pack:
    return Pack.load([acme], default=False)


def test_what_was_stored_is_loaded(folder: Path) -> None:
    assert cache.load(KEY) is None
    assert cache.store(KEY, b"payload")
    assert cache.load(KEY) == b"payload"
    assert cache.load("other") is None


def test_folder_and_files_are_for_the_user_only(folder: Path) -> None:
    cache.store(KEY, b"payload")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(stored(folder).stat().st_mode) == 0o600


def test_no_temporary_file_stays(folder: Path) -> None:
    for i in range(3):
        cache.store(KEY, b"payload" * i)
    assert [path.suffix for path in folder.iterdir()] == [".fgc"]


def test_an_empty_payload_is_a_payload(folder: Path) -> None:
    cache.store(KEY, b"")
    assert cache.load(KEY) == b""


@pytest.mark.parametrize("at", [0, 5, 18, 40, 50, -1])
def test_one_flipped_bit_makes_it_unknown(folder: Path, at: int) -> None:
    cache.store(KEY, b"payload")
    content = bytearray(stored(folder).read_bytes())
    content[at] ^= 1
    stored(folder).write_bytes(content)
    assert cache.load(KEY) is None


@pytest.mark.parametrize("size", [0, 1, 17, 49, 50, 56])
def test_a_file_cut_short_is_unknown(folder: Path, size: int) -> None:
    cache.store(KEY, b"payload")
    stored(folder).write_bytes(stored(folder).read_bytes()[:size])
    assert cache.load(KEY) is None


def test_a_file_that_others_may_write_is_not_trusted(folder: Path) -> None:
    cache.store(KEY, b"payload")
    stored(folder).chmod(0o666)
    assert cache.load(KEY) is None


def test_a_folder_that_others_may_write_is_not_used(folder: Path) -> None:
    cache.store(KEY, b"payload")
    folder.chmod(0o777)
    assert cache.load(KEY) is None
    assert not cache.store("other", b"payload")


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    cache.store(KEY, b"payload")
    moved = tmp_path / "elsewhere"
    stored(folder).rename(moved)
    (folder / f"{KEY}.fgc").symlink_to(moved)
    assert cache.load(KEY) is None


def test_a_file_of_another_user_is_not_trusted(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    cache.store(KEY, b"payload")
    os.chown(stored(folder), 12345, -1)
    assert cache.load(KEY) is None


def test_a_directory_in_place_of_the_file_is_unknown(folder: Path) -> None:
    cache.store(KEY, b"payload")
    stored(folder).unlink()
    (folder / f"{KEY}.fgc").mkdir()
    assert cache.load(KEY) is None
    assert not cache.store(KEY, b"payload")


def test_a_file_in_place_of_the_folder_means_no_cache(folder: Path) -> None:
    folder.write_text("not a folder")
    assert cache.load(KEY) is None
    assert not cache.store(KEY, b"payload")


def test_only_the_newest_files_are_kept(folder: Path) -> None:
    for i in range(20):
        cache.store(f"{i:064}", b"payload")
        os.utime(folder / f"{i:064}.fgc", (i, i))
    names = sorted(path.stem for path in folder.iterdir())
    assert len(names) == 8
    assert names[-1] == f"{19:064}"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"FASTGUARD_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/fastguard"),
        ({"FASTGUARD_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/fastguard"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, "/c/.cache/fastguard"),
        ({"FASTGUARD_CACHE_DIR": "relative", "HOME": "/c"}, None),
        ({"HOME": "relative"}, None),
        ({}, None),
    ],
)
def test_the_folder_comes_from_the_environment(
    variables: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FASTGUARD_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache.cache_folder() == expected


def test_a_setuid_process_has_no_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store(KEY, b"payload")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.cache_folder() is None
    assert cache.load(KEY) is None
    assert not cache.store(KEY, b"payload")


def test_a_pack_from_the_cache_finds_the_same(folder: Path, acme_pack_object: Pack) -> None:
    first = compile_pack(acme_pack_object)
    second = compile_pack(acme_pack_object)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.specs == second.specs
    text = "key acme_0123456789abcdef"
    one, two = (Guard(packs=acme_pack_object, model=None, cache=use).check(text) for use in (False, True))
    assert one == two
    assert one.findings[0].text == "acme_0123456789abcdef"


def test_another_reader_of_signatures_makes_another_pack(
    folder: Path, acme_pack_object: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_pack(acme_pack_object)
    assert compile_pack(acme_pack_object).from_cache
    monkeypatch.setattr("fastguard.pack._reader_digest", lambda: "other defaults")
    assert not compile_pack(acme_pack_object).from_cache


def test_a_damaged_cache_is_replaced(folder: Path, acme_pack_object: Pack) -> None:
    compile_pack(acme_pack_object)
    path = stored(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10] + b"0123456789")
    assert not compile_pack(acme_pack_object).from_cache
    assert path.read_bytes() == whole
    assert compile_pack(acme_pack_object).from_cache


@pytest.mark.parametrize("payload", [b"", b"\xff" * 100, b"\x02\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0[]"])
def test_a_payload_of_another_form_is_compiled_again(folder: Path, acme_pack_object: Pack, payload: bytes) -> None:
    compile_pack(acme_pack_object)
    cache.store(stored(folder).stem, payload)
    assert not compile_pack(acme_pack_object).from_cache
    assert compile_pack(acme_pack_object).from_cache


def test_databases_of_another_engine_are_compiled_again(folder: Path, acme_pack_object: Pack) -> None:
    compile_pack(acme_pack_object)
    key = stored(folder).stem
    view = cache.load(key)
    assert view is not None
    payload = bytes(view)
    cache.store(key, payload[:-2000] + bytes(2000) if len(payload) > 4000 else payload[: len(payload) // 2])
    assert not compile_pack(acme_pack_object).from_cache


def test_nothing_is_written_without_cache(folder: Path, acme_pack_object: Pack) -> None:
    compile_pack(acme_pack_object, use_cache=False)
    assert not folder.exists()


def test_a_read_only_home_costs_the_cache_and_nothing_else(tmp_path: Path, acme: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    code = (
        "from fastguard import Guard; from fastguard.pack import Pack; import sys\n"
        "pack = Pack.load([sys.argv[1]], default=False)\n"
        "print(Guard(packs=pack, model=None).check('acme_0123456789abcdef').action)"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in {"FASTGUARD_CACHE_DIR", "XDG_CACHE_HOME"}
    }
    command = [sys.executable, "-c", code, str(acme)]
    if os.geteuid() == 0:
        environment["HOME"] = "/proc/1/nowhere"  # root may write anywhere else
    else:
        environment["HOME"] = str(home)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "block\n", "")
    del environment["HOME"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "block\n", "")
