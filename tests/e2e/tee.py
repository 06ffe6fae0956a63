"""Runs a command and copies its stdout to a file on the way through: `tee.py FILE COMMAND…`."""

import subprocess
import sys
from pathlib import Path


def main(log: str, *command: str) -> int:
    with Path(log).open("ab", buffering=0) as copy, subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            copy.write(line)
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    return process.returncode


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
