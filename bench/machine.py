"""What the machine is, and what each process on it used, as /proc says."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.system import ROOT

TICK = os.sysconf("SC_CLK_TCK")


def _fields(number: int | str) -> list[str]:
    """What /proc tells of a process behind its name; empty where it has ended."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def processes() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]


def parent_of(number: int) -> int:
    """The process that started this one; 0 where it has ended."""
    fields = _fields(number)
    return int(fields[1]) if fields else 0


def own_seconds(number: int) -> float:
    """CPU seconds of one process, without its children."""
    fields = _fields(number)
    return sum(map(int, fields[11:13])) / TICK if fields else 0.0


def family_seconds(parent: int) -> float:
    """CPU seconds of a process, its living children and those that it has waited for."""
    fields = _fields(parent)
    if not fields:
        return 0.0
    living = (one for one in processes() if parent_of(one) == parent)
    return sum(map(int, fields[11:15])) / TICK + sum(map(own_seconds, living))


def this_process() -> float:
    """CPU seconds of the load generator."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory(number: int, what: str) -> int:
    """`VmRSS` (now) or `VmHWM` (the most so far) of a process in KB; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(one.split()[1]) for one in lines if one.startswith(f"{what}:")), 0)


def private_memory(number: int) -> int:
    """Memory of a process that it shares with no other, in KB; 0 where that cannot be read."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(one.split()[1]) for one in lines if one.startswith("Private_"))


def watched(command: list[str], environment: dict[str, str]) -> tuple[float, int]:
    """Run a command to its end: seconds, and the most memory it held, in KB.

    Raises RuntimeError with the end of what it said when it fails.
    """
    began, most = time.perf_counter(), 0
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    while True:
        try:
            said, _none = process.communicate(timeout=0.02)
            break
        except subprocess.TimeoutExpired:
            most = max(most, memory(process.pid, "VmHWM"))
    took = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{said[-2000:]}")
    return took, most


def stolen() -> Callable[[], float]:
    """Call what this returns later: the share of CPU time that went to other guests since."""

    def now() -> tuple[int, int]:
        figures = [int(one) for one in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return figures[7], sum(figures)

    steal, total = now()

    def since() -> float:
        later, all_later = now()
        return (later - steal) / max(all_later - total, 1)

    return since


def load_per_core() -> float:
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _first(path: str, key: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((one.partition(":")[2].strip() for one in lines if one.startswith(key)), "")


def described(binaries: Path) -> dict[str, Any]:
    """The machine and the programs, for whoever compares two results."""
    return {
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _first("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "postgresql": _output(str(binaries / "postgres"), "--version"),
    }


def commit() -> str:
    """The commit that was measured, with a `+` where files differed from it; empty without git."""
    known = _output("git", "rev-parse", "--short=12", "HEAD")
    changed = _output("git", "status", "--porcelain", "--untracked-files=no")
    return known + ("+" if known and changed else "")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
