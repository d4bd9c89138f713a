"""How gunicorn serves Tillbook on a server: `gunicorn -c deploy/gunicorn.conf.py pos.wsgi`.

Threads, because a request waits for the database most of its time; WEB_WORKERS and WEB_THREADS
change their numbers. docs/scaling.md says how many connections that takes.
"""

import multiprocessing
import os
import signal
import sys
from typing import Any

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "gthread"
# One for each core: more push each other out of its caches, which a third of the CPU of a sale goes
# to. Never one alone, for when it is replaced.
workers = int(os.environ.get("WEB_WORKERS") or min(max(multiprocessing.cpu_count(), 2), 9))
threads = int(os.environ.get("WEB_THREADS") or 8)

# A worker that does not answer for so long is replaced. Longer than the role's statement timeout
# (8 s) and what the pooler waits for a server (4 s): those end a request with a sentence first.
timeout = 60
# Loaded once, and shared by all workers: what each of them would otherwise keep for itself is half.
preload_app = True
# What is being answered when a new release starts may end in peace.
graceful_timeout = 30
keepalive = 5
# Memory that a library loses goes back now and then, not in all workers at the same time.
max_requests = 20_000
max_requests_jitter = 2_000

# Tillbook writes a line for each request itself, with its id and without personal data.
accesslog = None
loglevel = "warning"
# systemd and containers stop and reload by signals; a socket for it would want a home to lie in.
control_socket_disable = True
# The heartbeat of a worker must not wait for a disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# Who answered before a reload; they go once the new code is loaded.
REPLACED = "TILLBOOK_REPLACED_WORKERS"


def on_reload(server: Any) -> None:
    """HUP: run the new release, in this same process, with the sockets it has.

    Forking once more from what is loaded would go on with the old code for ever. The old workers
    answer meanwhile, and a service manager sees nothing but a process that stays.
    """
    environment = {
        **server.cfg.env_orig,
        "GUNICORN_PID": str(os.getpid()),
        "GUNICORN_FD": ",".join(str(one.fileno()) for one in server.LISTENERS),
        REPLACED: ",".join(map(str, server.WORKERS)),
    }
    # A second HUP before gunicorn listens for it again would end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.chdir(server.START_CTX["cwd"])
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606


def when_ready(server: Any) -> None:
    from pos.serving import give_back, load_everything

    give_back()
    replaced = os.environ.pop(REPLACED, "")
    # Unless workers from before a reload do, one answers while all is loaded that the others will
    # share with each other. It shares less of it, so another one takes its place.
    early = None if replaced else server.spawn_worker()
    load_everything()
    if early:
        server.kill_worker(early, signal.SIGTERM)
    for worker in filter(None, replaced.split(",")):
        try:
            os.kill(int(worker), signal.SIGTERM)
        except ProcessLookupError:
            server.log.info("Worker %s had ended.", worker)
