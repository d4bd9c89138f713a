"""The same processes, threads and limits as deploy/gunicorn.conf.py gives Tillbook."""

import runpy

_SAME = (
    "worker_class",
    "workers",
    "threads",
    "timeout",
    "graceful_timeout",
    "keepalive",
    "loglevel",
    "worker_tmp_dir",
)
_ours = runpy.run_path("deploy/gunicorn.conf.py")
globals().update({name: _ours[name] for name in _SAME})
accesslog = None
control_socket_disable = True
preload_app = True
