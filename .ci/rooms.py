"""Prints the coverage of each room from the last run of the suite, and fails where one is too low.

Usage: ``python .ci/rooms.py REPORT LEAST``, with the report of ``coverage json`` and the least share of lines (%).
"""

import json
import sys
from collections import Counter
from pathlib import Path, PurePath


def room(file: str) -> str:
    """Name the room of a file: its root, or for plugins the folder of its kind."""
    parts = PurePath(file).parts
    return "/".join(parts[:3]) if parts[0] == "plugins" and len(parts) > 3 else parts[0]


def main() -> int:
    """Print one line per room; return how many rooms are below the limit."""
    report, least = Path(sys.argv[1]), float(sys.argv[2])
    run: Counter[str] = Counter()
    all_lines: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for file, figures in json.loads(report.read_text(encoding="utf-8"))["files"].items():
        run[room(file)] += figures["summary"]["covered_lines"]
        all_lines[room(file)] += figures["summary"]["num_statements"]
        left_out[room(file)] += figures["summary"]["excluded_lines"]
    # A room of empty files has nothing to run.
    shares = {name: 100 * run[name] / count if count else 100.0 for name, count in sorted(all_lines.items())}
    print(f"{'covered':>8} {'lines':>6} {'left out':>9}  room (left out: compiled bodies, Protocols)")
    for name, share in shares.items():
        mark = "" if share >= least else f"  below {least:g} %"
        print(f"{share:7.1f}% {all_lines[name]:6} {left_out[name]:9}  {name}{mark}")
    return sum(share < least for share in shares.values())


if __name__ == "__main__":
    sys.exit(main())
