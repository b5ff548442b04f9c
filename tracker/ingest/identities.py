"""Keyed hashes of what identifies people, and the signatures by which a site's backend vouches for its user."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.core.identity_keys import fit_traits, normalised
from tracker.core.model import Claim, IdentityKey, IdentityKind

_KINDS: tuple[IdentityKind, ...] = ("user_id", "email", "phone")


class IdentityOffice:
    """Hides identities, and tells signed claims from others; every secret key given is believed, the first one is used.

    A source's identify secret is made from the secret key and the source's id, so that it is stored nowhere.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._hiding = [_derived(key, b"handoff-identty") for key in keys]
        self._signing = [_derived(key, b"handoff-identsg") for key in keys]

    def secret_of(self, source_id: str) -> str:
        """Return the identify secret of a source, for the backend of its site."""
        return self._secrets(source_id)[0]

    def _secrets(self, source_id: str) -> list[str]:
        return [hmac.new(key, source_id.encode(), hashlib.sha256).hexdigest() for key in self._signing]

    def hashes_of(self, text: str) -> list[tuple[str, str]]:
        """Return (kind, keyed hash) of all that a text may identify somebody by, under every secret key."""
        values = {kind: value for kind in _KINDS if (value := normalised(kind, text)) is not None}
        return [(kind, hashed) for kind, value in values.items() for hashed in self._hashes(kind, value)]

    def claim(self, source_id: str, position: int, properties: Mapping[str, Any]) -> Claim:
        """Return what the identify event at that position of a payload says, and whether it is signed."""
        given = {kind: properties[kind] for kind in _KINDS if properties.get(kind) not in (None, "")}
        values = {kind: value for kind in given if (value := normalised(kind, given[kind])) is not None}
        return Claim(
            position,
            tuple(IdentityKey(kind, value, self._hashes(kind, value)) for kind, value in values.items()),
            fit_traits(properties.get("traits")),
            signed=self._signed(source_id, given.get("user_id"), properties.get("signature")),
            junk=len(values) < len(given),
        )

    def _hashes(self, kind: str, value: str) -> tuple[str, ...]:
        text = f"{kind}:{value}".encode()
        return tuple(hashlib.blake2b(text, digest_size=20, key=key).hexdigest() for key in self._hiding)

    def _signed(self, source_id: str, user_id: object, signature: object) -> bool:
        """Return True for the HMAC-SHA256 of the user id, as the client sent it, under this source's secret."""
        if not isinstance(signature, str) or isinstance(user_id, bool) or not isinstance(user_id, (str, int)):
            return False
        shown = signature.strip().lower().encode()
        text = str(user_id).encode()
        made = (hmac.new(secret.encode(), text, hashlib.sha256).hexdigest() for secret in self._secrets(source_id))
        return any(hmac.compare_digest(shown, one.encode()) for one in made)


def _derived(key: str, purpose: bytes) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=32, person=purpose).digest()
