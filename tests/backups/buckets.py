"""A store that speaks S3, with keys that it checks, and a wire to it that can be cut."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

BUCKET = "backups"


@dataclass
class Bucket:
    url: str
    key: str
    secret: str
    client: Any

    @property
    def files(self) -> list[str]:
        answer = self.client.list_objects_v2(Bucket=BUCKET)
        return sorted(one["Key"] for one in answer.get("Contents", []))

    @property
    def uploads(self) -> int:
        """Uploads that were begun and neither completed nor cancelled."""
        return len(self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))

    def content(self, file: str) -> bytes:
        return bytes(self.client.get_object(Bucket=BUCKET, Key=file)["Body"].read())

    def empty(self) -> None:
        """No file, and no upload that was begun and cut."""
        for file in self.files:
            self.client.delete_object(Bucket=BUCKET, Key=file)
        for one in self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
            self.client.abort_multipart_upload(
                Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"]
            )


@contextlib.contextmanager
def serving() -> Iterator[Bucket]:
    """An empty bucket, and one key that may use it."""
    import boto3  # type: ignore[import-untyped]
    from moto import settings as store_settings
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    root: dict[str, Any] = {"endpoint_url": url, "region_name": "us-east-1"}
    anybody = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    people = boto3.client("iam", **root, **anybody)
    people.create_user(UserName="backups")
    made = people.create_access_key(UserName="backups")["AccessKey"]
    rule = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
    people.put_user_policy(UserName="backups", PolicyName="all", PolicyDocument=policy)
    key, secret = made["AccessKeyId"], made["SecretAccessKey"]
    client = boto3.client("s3", **root, aws_access_key_id=key, aws_secret_access_key=secret)
    client.create_bucket(Bucket=BUCKET)
    # From here on each call is asked for its signature.
    store_settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    try:
        yield Bucket(url, key, secret, client)
    finally:
        store_settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
        client.close()
        people.close()
        server.stop()


class Wire:
    """Passes everything on to a port until so many bytes went up; then nothing goes any more."""

    def __init__(self, port: int, cut_after: int) -> None:
        self.port, self.left = port, cut_after
        self.is_cut = False
        self._counting = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._listening.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.port))
                self._open += [near, far]
                threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if up and self._is_spent(len(data)):
                    self.cut()
                    return
                sink.sendall(data)

    def _is_spent(self, count: int) -> bool:
        # Several connections count at once.
        with self._counting:
            self.left -= count
            return self.left < 0

    def cut(self) -> None:
        self.is_cut = True
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
                one.close()

    def close(self) -> None:
        self.cut()
        # Wakes the thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
