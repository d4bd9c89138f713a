"""A signal ends what runs wherever Python hears of it, and nothing takes it for its own error."""

from __future__ import annotations

import io
import signal

import pytest
from pyrage import x25519

from backups import stopping
from backups.stopping import cleaning_up
from backups.streams import Measured, _Reading, decrypt, encrypt

SIGNALS = [
    (signal.SIGTERM, SystemExit),
    (signal.SIGHUP, SystemExit),
    (signal.SIGINT, KeyboardInterrupt),
]


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch):
    """A signal that Python hears of at the entry of a reading, before its first line."""

    def when(number):
        monkeypatch.setattr(_Reading, "read", lambda *_: stopping.leave(number, None))

    return when


@pytest.mark.parametrize(("number", "raised"), SIGNALS)
def test_a_signal_ends_the_block(number, raised):
    before = signal.getsignal(number)
    with pytest.raises(raised) as caught, cleaning_up():
        signal.raise_signal(number)
    assert raised is not SystemExit or caught.value.code == 128 + number
    assert signal.getsignal(number) is before
    assert stopping.asked() is None


@pytest.mark.parametrize(("number", "raised"), SIGNALS)
def test_encryption_takes_no_signal_for_its_own_error(early, number, raised):
    early(number)
    with pytest.raises(raised), cleaning_up():
        encrypt(
            io.BytesIO(b"books"), Measured(io.BytesIO()), [x25519.Identity.generate().to_public()]
        )


@pytest.mark.parametrize(("number", "raised"), SIGNALS)
def test_decryption_takes_no_signal_for_damage(early, number, raised):
    identity = x25519.Identity.generate()
    sealed = io.BytesIO()
    encrypt(io.BytesIO(b"books"), Measured(sealed), [identity.to_public()])
    sealed.seek(0)
    early(number)
    with pytest.raises(raised), cleaning_up():
        decrypt(sealed, io.BytesIO(), [identity])


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cleaning_up():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
