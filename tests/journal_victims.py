"""Runs that are killed or meet a full disk: one process loads the engine once and forks a victim for each.

Usage: ``python journal_victims.py JOBS``, JOBS being a JSON list of jobs. A job has ``config``, ``out`` (the folder of
its run), and ``kill`` (seconds until kill -9, or the signal ``by``; where ``begun``, after the journal is there) or
``limit`` (bytes that a file may have). Standard error of each goes into the file ``OUT.err``; the exit codes are
printed as JSON.
"""

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tickloom.cli import main

#: After so long (s) a victim that neither ended nor was killed is ended by the system: nobody waits for it for ever.
LONGEST = 120


def _await(job: dict[str, Any]) -> None:
    """Wait until a victim that is to be met at work has a journal, however slow the machine."""
    until = time.monotonic() + LONGEST
    while job["begun"] and not (Path(job["out"]) / "journal").is_dir() and time.monotonic() < until:
        time.sleep(0.001)


def victim(job: dict[str, Any]) -> int:
    """Run in a process of its own; return its exit code, negative where a signal ended it."""
    child = os.fork()
    if child:
        if "kill" in job:
            _await(job)
            time.sleep(job["kill"])
            os.kill(child, job.get("by", signal.SIGKILL))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    signal.alarm(LONGEST)
    try:
        for number, path in ((1, "/dev/null"), (2, f"{job['out']}.err")):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), number)
        if "limit" in job:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], job["limit"]))
        main(["run", job["config"], "--out", job["out"]])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    jobs = json.loads(sys.argv[1])
    # The first one, in this process, loads what all others then have.
    sys.stdout, kept = Path(os.devnull).open("w"), sys.stdout
    try:
        main(["run", jobs[0]["config"], "--out", "warm", "--set", "sources.main.rows=2000"])
    except SystemExit:
        sys.stdout = kept
    print(json.dumps([victim(job) for job in jobs]))
