"""A throw-away PostgreSQL behind PgBouncer, with the product's two roles.

    python scripts/postgres.py run -- COMMAND…   start one, run the command in it, remove it
    python scripts/postgres.py up|down|env       keep one in var/postgres for a day's work

The command gets DATABASE_URL (the runtime role through the pooler) and DIRECT_URL (the owner,
straight to PostgreSQL). Data does not outlive a crash of the machine: fsync is off.
"""

import argparse
import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import system
from scripts.cluster import APP, KEPT, OWNER, POOL_SIZE, STATE, Cluster, ClusterError

__all__ = ["APP", "OWNER", "Cluster", "ClusterError", "down", "run", "running", "up"]

RUNS = system.VAR / "postgres-runs"


def _sweep() -> None:
    """Remove the clusters of runs that were killed: nobody holds their lock any more."""
    for lock in RUNS.glob("*/lock"):
        with contextlib.suppress(OSError), lock.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):
                Cluster.load(lock.parent / STATE).remove()
            shutil.rmtree(lock.parent, ignore_errors=True)


@contextlib.contextmanager
def running(*, pool_size: int = POOL_SIZE) -> Iterator[Cluster]:
    """A cluster for the time of a `with` block, removed whatever happens inside."""
    _sweep()
    RUNS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=RUNS))
    folder.chmod(0o711)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            cluster = Cluster.create(folder, pool_size=pool_size)
            try:
                cluster.save()
                yield cluster
            finally:
                cluster.remove()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def stop_on_signals() -> None:
    """Let a signal end this process as an exception does, so that `running` cleans up."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _leave)


def run(command: Sequence[str], *, pool_size: int = POOL_SIZE) -> int:
    """Run a command with a cluster of its own; its exit status. A signal stops both."""
    stop_on_signals()
    with running(pool_size=pool_size) as cluster:
        child = subprocess.Popen(command, env={**os.environ, **cluster.environment()})
        try:
            return child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(10)
                child.kill()


def up(*, pool_size: int = POOL_SIZE) -> Cluster:
    """The cluster that is kept in var/postgres, started or made anew where it does not answer."""
    KEPT.mkdir(parents=True, exist_ok=True)
    KEPT.chmod(0o711)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            kept = Cluster.load(KEPT / STATE)
            if kept.is_alive():
                return kept
            kept.remove()
        cluster = Cluster.create(KEPT, pool_size=pool_size)
        cluster.save()
        return cluster


def down() -> None:
    """Stop the kept cluster and delete it. Nothing happens where there is none."""
    with contextlib.suppress(FileNotFoundError):
        Cluster.load(KEPT / STATE).remove()
        (KEPT / STATE).unlink()


def _export(cluster: Cluster) -> str:
    return "\n".join(f"export {k}={shlex.quote(v)}" for k, v in cluster.environment().items())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; errors are one sentence and status 1."""
    parser = argparse.ArgumentParser(prog="scripts/postgres.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--pool-size", type=int, default=POOL_SIZE, help="server connections")
    actions = parser.add_subparsers(dest="action", required=True)
    runner = actions.add_parser("run", help="run a command with a cluster of its own")
    runner.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND…")
    actions.add_parser("up", help="start the kept cluster and print its environment")
    actions.add_parser("down", help="stop and delete the kept cluster")
    actions.add_parser("env", help="print the kept cluster's environment")
    options = parser.parse_args(arguments)
    try:
        if options.action == "run":
            command = options.command[options.command[:1] == ["--"] :]
            if not command:
                parser.error("run needs a command: run -- COMMAND…")
            return run(command, pool_size=options.pool_size)
        if options.action == "down":
            down()
        else:
            make = options.action == "up"
            print(_export(up(pool_size=options.pool_size) if make else Cluster.load(KEPT / STATE)))
    except FileNotFoundError:
        system.say("No cluster is kept. Start it: python scripts/postgres.py up")
        return 1
    except (system.Missing, ClusterError) as error:
        system.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
