"""A streaming replica of a test's cluster, on a port of its own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.cluster import APP, DATABASE, SUPERUSER, Cluster, ClusterError, free_port


@dataclass(frozen=True)
class Standby:
    cluster: Cluster
    data: Path
    port: int

    @property
    def url(self) -> str:
        """For the runtime role, whose password was copied with everything else."""
        password = self.cluster.passwords[APP]
        return f"postgres://{APP}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    def sql(self, statement: str) -> str:
        """Run SQL on it as the superuser. Raises ClusterError."""
        command = [str(self.cluster.binaries / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "-d", DATABASE]
        done = subprocess.run(
            command, input=statement, capture_output=True, text=True, env=self._environment()
        )
        if done.returncode:
            raise ClusterError(done.stderr.strip())
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PGPASSWORD": self.cluster.passwords[SUPERUSER]}

    def kill(self) -> None:
        """End it as a crash does."""
        with suppress(FileNotFoundError, ProcessLookupError):
            number = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(number, signal.SIGQUIT)


@contextmanager
def standby_of(cluster: Cluster) -> Iterator[Standby]:
    """A replica that follows `cluster` for the time of the block. Raises ClusterError."""
    made = Standby(cluster, cluster.home / "replica", free_port())
    password = cluster.write("pgpass", f"*:*:*:*:{cluster.passwords[SUPERUSER]}\n")
    copy = [str(cluster.binaries / "pg_basebackup"), "-D", str(made.data), "-R", "-X", "stream"]
    copy += ["-c", "fast", "--no-sync", "-d"]
    copy += [f"host=127.0.0.1 port={cluster.port} user={SUPERUSER} passfile={password}"]
    start = [str(cluster.binaries / "pg_ctl"), "start", "-w", "-s", "-t", "60"]
    start += [
        "-D",
        str(made.data),
        "-l",
        str(cluster.home / "replica.log"),
        "-o",
        f"-p {made.port}",
    ]
    for command in (copy, start):
        if cluster.call(command).returncode:
            raise ClusterError(f"No replica: see {cluster.home}/commands.log")
    try:
        yield made
    finally:
        made.kill()
