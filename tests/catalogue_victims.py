"""A process that works on a catalogue: ``python catalogue_victims.py FOLDER JOB``.

``put`` enters v2 and is killed before it promotes it; ``flip`` promotes a and b in turn until it is killed; ``read``
prints the active version again and again, each as a line, until it is told to stop by the end of its input.
"""

import os
import select
import signal
import sys
from pathlib import Path

from tickloom.storage.catalogue import Catalogue


def put(folder: Path) -> None:
    catalogue = Catalogue(folder, write=True)
    catalogue.put("view", "cross", "v2", {"rows": 2})
    os.kill(os.getpid(), signal.SIGKILL)


def flip(folder: Path) -> None:
    catalogue = Catalogue(folder, write=True)
    print("ready", flush=True)
    while True:
        for version in ("a", "b"):
            catalogue.promote("view", "cross", version)


def read(folder: Path) -> None:
    catalogue = Catalogue(folder)
    seen = ""
    while not select.select([sys.stdin], [], [], 0.001)[0]:
        active = catalogue.active("view", "cross")
        if active is not None and active.version != seen:
            seen = active.version
            print(seen, flush=True)


if __name__ == "__main__":
    {"put": put, "flip": flip, "read": read}[sys.argv[2]](Path(sys.argv[1]))
