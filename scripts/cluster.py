"""One PostgreSQL server with one PgBouncer in front, as this product wants them for tests."""

import contextlib
import json
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from scripts import system

DATABASE = "pos"
OWNER = "pos_owner"
APP = "pos_app"
POOLER = "pos_pooler"
SUPERUSER = "postgres"
POOL_SIZE = 4
STATE = "cluster.json"
STATE_VARIABLE = "POS_CLUSTER"
KEPT = system.VAR / "postgres"

# A commit is still written out before it is answered (synchronous_commit stays on), so a killed
# server loses nothing: only a crash of the whole machine would.
SERVER_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "password_encryption": "'scram-sha-256'",
}
APP_SETTINGS = {
    "statement_timeout": "8s",
    # Longer than in production (3 s): two hundred cashiers queue for one row on two busy cores.
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
}


class ClusterError(Exception):
    """PostgreSQL or PgBouncer did not start or stop; the text holds the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.03)
    return condition()


def _tail(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")[-2000:]
    return ""


def _service_user() -> str | None:
    """Whom to run the servers as: both refuse root. None when we are an ordinary user already."""
    if os.geteuid() != 0:
        return None
    for name in (SUPERUSER, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise system.Missing("PostgreSQL refuses to run as root and no ordinary user exists")


def _as_user(command: Sequence[str], user: str | None) -> list[str]:
    """The same command under another user, by what every Debian has, without a login shell."""
    if user is None:
        return list(command)
    if setpriv := shutil.which("setpriv"):
        entry = pwd.getpwnam(user)
        ids = [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}"]
        return [setpriv, *ids, "--clear-groups", "--", *command]
    if runuser := shutil.which("runuser"):
        return [runuser, "-u", user, "--", *command]
    return ["su", "-s", "/bin/sh", user, "-c", shlex.join(command)]


def _home_for(folder: Path, user: str | None) -> Path:
    """A new folder that the service user can reach: in `folder`, or else in the system's temp."""
    folder.mkdir(parents=True, exist_ok=True)
    reach = _as_user(["test", "-x", str(folder)], user)
    parent = str(folder) if subprocess.run(reach).returncode == 0 else None
    home = Path(tempfile.mkdtemp(prefix="cluster-", dir=parent))
    if user is not None:
        shutil.chown(home, user)
    return home


@dataclass
class Cluster:
    """One PostgreSQL server and one PgBouncer on free ports of 127.0.0.1."""

    state: Path
    home: Path
    binaries: Path
    pooler_program: str
    user: str | None
    port: int
    pool_port: int
    pool_size: int
    passwords: dict[str, str]
    # Seconds. Longer than on a server (4), as `lock_timeout` is: crowds queue for four connections.
    query_wait_timeout: int = 10

    @classmethod
    def create(cls, folder: Path, *, pool_size: int = POOL_SIZE) -> Self:
        """Make and start a new cluster in a folder of its own inside `folder`.

        Raises system.Missing when the programs cannot be had and ClusterError when they do not
        start; nothing is left behind then.
        """
        binaries, pooler_program = system.postgres(), system.pgbouncer()
        user = _service_user()
        cluster = cls(
            state=folder / STATE,
            home=_home_for(folder, user),
            binaries=binaries,
            pooler_program=pooler_program,
            user=user,
            port=0,
            pool_port=0,
            pool_size=pool_size,
            passwords={name: secrets.token_hex(12) for name in (SUPERUSER, OWNER, APP, POOLER)},
        )
        try:
            cluster._initialise()
            cluster._start_on_free_port()
            cluster._make_roles()
            cluster._start_pooler_on_free_port()
        except BaseException:
            cluster.remove()
            raise
        return cluster

    @classmethod
    def load(cls, state: Path) -> Self:
        """The cluster that `save` wrote down. Raises FileNotFoundError where there is none."""
        fields = json.loads(state.read_text(encoding="utf-8"))
        return cls(**fields | {name: Path(fields[name]) for name in ("state", "home", "binaries")})

    @classmethod
    def current(cls) -> Self:
        """The cluster that this process was started in (`run`) or that `up` keeps.

        Raises FileNotFoundError where there is neither.
        """
        return cls.load(Path(os.environ.get(STATE_VARIABLE, KEPT / STATE)))

    def save(self) -> None:
        """Write down what another process needs to use or stop it, for this user's eyes only."""
        self.state.touch(mode=0o600)
        self.state.write_text(json.dumps(asdict(self), indent=1, default=str), encoding="utf-8")

    # Addresses

    def url(self, role: str, *, pooled: bool = False, database: str = DATABASE) -> str:
        """The address for a role, straight to PostgreSQL or through the pooler."""
        port = self.pool_port if pooled else self.port
        return f"postgres://{role}:{self.passwords[role]}@127.0.0.1:{port}/{database}"

    @property
    def superuser_url(self) -> str:
        """For proving that the product refuses such a role; never in the environment."""
        return self.url(SUPERUSER)

    def environment(self) -> dict[str, str]:
        """What the product reads: the runtime role pooled, the owner direct; no superuser."""
        return {
            "DATABASE_URL": self.url(APP, pooled=True),
            "DIRECT_URL": self.url(OWNER),
            STATE_VARIABLE: str(self.state),
        }

    def sql(self, statement: str, *, database: str = DATABASE) -> str:
        """Run SQL as the superuser; the answer is unaligned text. Raises ClusterError."""
        psql = [str(self.binaries / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"]
        psql += ["-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "-d", database]
        password = {"PGPASSWORD": self.passwords[SUPERUSER], "PGCONNECT_TIMEOUT": "10"}
        done = subprocess.run(
            psql, input=statement, capture_output=True, text=True, env={**os.environ, **password}
        )
        if done.returncode:
            raise ClusterError(done.stderr.strip())
        return done.stdout.strip()

    # PostgreSQL

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def call(self, command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        # Output goes to a file and not to a pipe: a server that stays would hold the pipe open.
        with (self.home / "commands.log").open("ab") as log:
            return subprocess.run(
                _as_user(command, self.user),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        if self.user is not None:
            shutil.chown(path, self.user)
        return path

    def _initialise(self) -> None:
        password = self.write("password", self.passwords[SUPERUSER] + "\n")
        command = [str(self.binaries / "initdb"), "-D", str(self._data), "-U", SUPERUSER]
        command += [
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--no-sync",
            "--no-instructions",
        ]
        command += ["--encoding=UTF8", "--locale=C.UTF-8"]
        if self.call(command).returncode:
            raise ClusterError(f"initdb failed\n{_tail(self.home / 'commands.log')}")
        password.unlink()
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.writelines(f"{key} = {value}\n" for key, value in SERVER_SETTINGS.items())

    def start_server(self) -> None:
        """Start PostgreSQL on its port, after a crash as well. Raises ClusterError."""
        command = [str(self.binaries / "pg_ctl"), "start", "-w", "-s", "-t", "60"]
        command += ["-D", str(self._data), "-l", str(self.home / "server.log")]
        if self.call([*command, "-o", f"-p {self.port}"]).returncode:
            raise ClusterError(f"PostgreSQL did not start\n{_tail(self.home / 'server.log')}")

    def stop_server(self, mode: str = "fast") -> None:
        """Stop PostgreSQL; `immediate` is a crash that the next start recovers from."""
        # A pid file can be older than the machine's last start: signal only what still answers.
        if (self._data / "postmaster.pid").exists() and _listens(self.port):
            command = [str(self.binaries / "pg_ctl"), "stop", "-w", "-s", "-t", "60"]
            self.call([*command, "-m", mode, "-D", str(self._data)])

    def _start_on_free_port(self) -> None:
        # Another process can take the port between the choice and the start: choose again.
        for attempt in range(5):
            self.port = free_port()
            try:
                return self.start_server()
            except ClusterError:
                if attempt == 4:
                    raise

    def _make_roles(self) -> None:
        secret = self.passwords
        ordinary = "NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION"
        # The pooler looks passwords up in whatever database the client asks for, and every test
        # database is a copy of template1: so the right to look stands there.
        self.sql(
            f"CREATE ROLE {POOLER} LOGIN {ordinary} NOCREATEDB PASSWORD '{secret[POOLER]}';"
            f"GRANT SELECT ON pg_catalog.pg_shadow TO {POOLER};",
            database="template1",
        )
        self.sql(
            f"CREATE ROLE {OWNER} LOGIN {ordinary} CREATEDB PASSWORD '{secret[OWNER]}';"
            f"CREATE ROLE {APP} LOGIN {ordinary} NOCREATEDB PASSWORD '{secret[APP]}';"
            # DROP DATABASE … WITH (FORCE) must be able to end the pooler's idle connections.
            f"GRANT pg_signal_backend TO {OWNER};"
            + "".join(f"ALTER ROLE {APP} SET {k} = '{v}';" for k, v in APP_SETTINGS.items()),
            database="postgres",
        )
        self.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER};", database="postgres")

    # PgBouncer

    def _configure_pooler(self) -> Path:
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.pool_port,
            "unix_socket_dir": "",
            "pidfile": self.home / "pgbouncer.pid",
            "logfile": self.home / "pgbouncer.log",
            "auth_type": "scram-sha-256",
            "auth_file": self.write("users.txt", f'"{POOLER}" "{self.passwords[POOLER]}"\n'),
            "auth_user": POOLER,
            "auth_query": "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1",
            "admin_users": POOLER,
            "pool_mode": "transaction",
            "default_pool_size": self.pool_size,
            "max_client_conn": 500,
            "query_wait_timeout": self.query_wait_timeout,
            "server_login_retry": 1,
            "log_connections": 0,
            "log_disconnections": 0,
        }
        lines = [f"{key} = {value}" for key, value in settings.items()]
        wildcard = f"[databases]\n* = host=127.0.0.1 port={self.port}\n\n[pgbouncer]\n"
        return self.write("pgbouncer.ini", wildcard + "\n".join(lines) + "\n")

    def start_pooler(self) -> None:
        """Start PgBouncer on its port. Raises ClusterError."""
        log = self.home / "pgbouncer.log"
        started = self.call([self.pooler_program, "-d", "-q", str(self._configure_pooler())])
        if started.returncode or not _wait(lambda: _listens(self.pool_port), 60):
            raise ClusterError(f"PgBouncer did not start\n{_tail(log)}")

    def _start_pooler_on_free_port(self) -> None:
        for attempt in range(5):
            self.pool_port = free_port()
            try:
                return self.start_pooler()
            except ClusterError:
                if attempt == 4:
                    raise

    def pooler_pid(self) -> int | None:
        """The pooler's process number, None when it does not run."""
        with contextlib.suppress(OSError, ValueError):
            # A pid file outlives a killed pooler, and its number may be somebody else's by now.
            return (
                int((self.home / "pgbouncer.pid").read_text()) if _listens(self.pool_port) else None
            )
        return None

    def stop_pooler(self, signal_number: int = signal.SIGTERM) -> None:
        """End PgBouncer and wait until its port is free; SIGKILL is what a crash does."""
        number = self.pooler_pid()
        if number is not None:
            os.kill(number, signal_number)
            if not _wait(lambda: not _listens(self.pool_port), 60):
                raise ClusterError(f"PgBouncer does not stop (process {number})")
        # A killed pooler leaves its pid file, and the next start would refuse because of it.
        (self.home / "pgbouncer.pid").unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop both servers and delete all that they wrote."""
        self.stop_pooler(signal.SIGKILL)
        self.stop_server("immediate")
        shutil.rmtree(self.home, ignore_errors=True)

    def is_alive(self) -> bool:
        """Whether both servers answer on their ports."""
        return self.home.is_dir() and _listens(self.port) and _listens(self.pool_port)
