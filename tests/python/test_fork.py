"""A process may fork after its guard was used, as preloading servers do: the child's answers are the parent's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# In a process of its own: pytest's has threads, and newer Pythons warn of a fork beside them.
CODE = """
import os, pickle, sys, traceback
sys.path.insert(0, {here!r})
from strategies import MIXED_TEXTS, small_guard

guard = small_guard()
texts = list(MIXED_TEXTS) * 3
expected = [guard.check(text) for text in texts]
assert guard.check_batch(texts, threads=4) == expected
{before}
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            assert [guard.check(text) for text in texts] == expected
            assert guard.check_batch(texts, threads=4) == expected
            assert small_guard().check(texts[3]) == expected[3]
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    children.append(child)
assert [guard.check(text) for text in texts] == expected
assert guard.check_batch(texts, threads=4) == expected
assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
print("alike")
"""

WITH_THREADS = """
import threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)
stop = threading.Event()
def check_on():
    while not stop.is_set():
        guard.check(texts[-1])
for _ in range(3):
    threading.Thread(target=check_on, daemon=True).start()
time.sleep(0.05)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("before", ["", WITH_THREADS], ids=["idle", "while other threads check"])
def test_children_of_a_used_guard_judge_as_their_parent(before: str) -> None:
    code = CODE.format(here=str(HERE), before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "alike\n"), done.stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_verdicts_travel_between_processes(method: str) -> None:
    code = f"""
import multiprocessing, sys
sys.path.insert(0, {str(HERE)!r})
from strategies import MIXED_TEXTS, small_guard

def check(text):
    return small_guard().check(text)

if __name__ == "__main__":
    texts = list(MIXED_TEXTS)[:9]
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        assert pool.map(check, texts) == [check(text) for text in texts]
    print("alike")
"""
    done = run_script(code)
    assert (done.returncode, done.stdout) == (0, "alike\n"), done.stderr


def run_script(code: str) -> subprocess.CompletedProcess[str]:
    """Run code as a file, which children that are not forks import."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "main.py"
        path.write_text(code, encoding="utf-8")
        return subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=False)
