"""How gunicorn serves Tillbook on a server: `gunicorn -c deploy/gunicorn.conf.py pos.wsgi`.

Threads, because a request waits for the database most of its time; WEB_WORKERS and WEB_THREADS
change their numbers. docs/scaling.md says how many connections that takes.
"""

import multiprocessing
import os

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or min(2 * multiprocessing.cpu_count() + 1, 9))
threads = int(os.environ.get("WEB_THREADS") or 4)

# A worker that does not answer for so long is replaced. Longer than the role's statement timeout
# (8 s) and what the pooler waits for a server (4 s): those end a request with a sentence first.
timeout = 60
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
