"""Serving the collected static files, which are looked through when the first of them is asked for."""

from __future__ import annotations

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, which would look through hundreds of files before a till is answered."""

    #: Of this process.
    made: list[StaticFiles] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.folders: list[tuple[Any, Any]] = []
        self.is_read = False
        super().__init__(*args, **kwargs)
        self.made.append(self)

    def add_files(self, root: Any, prefix: Any = None) -> None:
        self.folders.append((root, prefix))

    def read(self) -> None:
        """Look through them now. A second time it does nothing."""
        if not self.is_read:
            for root, prefix in self.folders:
                super().add_files(root, prefix)
            self.is_read = True

    def __call__(self, request: Any) -> Any:
        if not self.is_read and request.path_info.startswith(self.static_prefix):
            self.read()
        return super().__call__(request)
