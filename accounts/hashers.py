"""Password hashes that shops bring along from other systems."""

import bcrypt
from django.contrib.auth.hashers import BCryptPasswordHasher


class ImportedBCryptPasswordHasher(BCryptPasswordHasher):
    """bcrypt as others made it: of the first 72 bytes of a password, whatever follows.

    Used to check one sign-in; Django then replaces the hash by the preferred kind. The library
    refuses longer passwords and hashes with an impossible salt; both are a wrong password here, not
    an error.
    """

    def verify(self, password: str, encoded: str) -> bool:
        _algorithm, hashed = encoded.split("$", 1)
        try:
            return bcrypt.checkpw(password.encode()[:72], hashed.encode("ascii"))
        except ValueError:
            return False
