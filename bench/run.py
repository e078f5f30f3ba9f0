"""Runs the benchmarks (`./dev bench`), prints the figures, and keeps them as a dated record where asked.

    ./dev bench [--record] [--quick] [PYTEST ARGS]

--record  write bench/record/<date>-<cpu>.json and make bench/README.md and its plot from it
--quick   tenth of a second per comparison: shows that everything runs, not how fast
Other arguments go to pytest: a file, -k NAME, --seconds N, --no-model, --data DIR.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench.machine import describe  # noqa: E402
from bench.report import summary, write_readme, write_record  # noqa: E402


def main(arguments: list[str]) -> int:
    """Run pytest over bench/ and report."""
    if "-h" in arguments or "--help" in arguments:
        print(__doc__)
        return 0
    record = "--record" in arguments
    rest = [argument for argument in arguments if argument not in {"--record", "--quick"}]
    if "--quick" in arguments:
        rest = ["--seconds=0.1", *rest]
    if not any(not argument.startswith("-") and Path(argument.split("::")[0]).exists() for argument in rest):
        rest.insert(0, "bench")
    out = ROOT / "build" / "bench" / "last.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    junit = out.with_name("last.xml")
    machine = describe()
    command = [sys.executable, "-m", "pytest", "-o", "python_files=bench_*.py", "-p", "no:cacheprovider"]
    command += [f"--benchmark-json={out}", "--benchmark-quiet", f"--junitxml={junit}", *rest]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if not out.is_file():
        return status or 1
    results = json.loads(out.read_text(encoding="utf-8"))["benchmarks"]
    print(summary(results))
    if record:
        path = write_record(machine, results, rest, left_out(junit))
        print(f"record: {path.relative_to(ROOT)}")
        print(f"report: {write_readme(path).relative_to(ROOT)}")
    return status


def left_out(junit: Path) -> dict[str, str]:
    """Return why each benchmark that failed or was skipped has no numbers."""
    reasons: dict[str, str] = {}
    for case in ET.parse(junit).getroot().iter("testcase"):
        for problem in case:
            if problem.tag in {"failure", "error", "skipped"}:
                kind = "skipped" if problem.tag == "skipped" else "failed"
                message = problem.get("message", "").replace(f"{ROOT}/", "")
                reasons.setdefault(case.get("name", ""), f"{kind}: {(message.splitlines() or [''])[0][:200]}")
    return reasons


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
