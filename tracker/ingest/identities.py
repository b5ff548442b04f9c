"""Keyed hashes of what identifies people, and the signatures by which a site's backend vouches for its user."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tracker.core.claims import KINDS, said_in, signed_text
from tracker.core.identity_keys import normalised, older_spelling
from tracker.core.model import Claim, IdentityKey, IdentityKind, Source

WHOLE = ":traits"
"""What is put behind a source's secret to make the key that signs everything, and not the user id alone.

One key for both would let a user whose id is made to look like the text of the other signature pass for somebody else.
"""


def _never_changed(_: str) -> tuple[int, int]:
    return 0, 0


class IdentityOffice:
    """Hides identities, and tells signed claims from others; every secret key given is believed, the first one is used.

    A source's identify secret is made from the secret key, the source's id and its generation, so that it is stored
    nowhere. ``generations`` returns for a source id (the present generation, the oldest that is believed).
    """

    def __init__(self, keys: Sequence[str], generations: Callable[[str], tuple[int, int]] = _never_changed) -> None:
        self._hiding = [_derived(key, b"handoff-identty") for key in keys]
        self._signing = [_derived(key, b"handoff-identsg") for key in keys]
        self._generations = generations

    def secret_of(self, source_id: str, generation: int = 0) -> str:
        """Return the identify secret of a source in that generation, for the backend of its site."""
        return _secret(self._signing[0], source_id, generation)

    def sign(self, source: Source, properties: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return (text, signature over it) as the source's backend has to make them for all that properties say.

        None where the text cannot be written in one way, because a number has decimals.
        """
        text = signed_text(properties)
        return (text, _hmac(self.secret_of(source.id, source.identify_generation) + WHOLE, text)) if text else None

    def hashes_of(self, text: str) -> list[tuple[str, str]]:
        """Return (kind, keyed hash) of all that a text may identify somebody by, under every secret key."""
        values = {kind: value for kind in KINDS if (value := normalised(kind, text)) is not None}
        return [(kind, hashed) for kind, value in values.items() for hashed in self._hashes(kind, value, text)]

    def claim(self, source_id: str, position: int, properties: Mapping[str, Any]) -> Claim:
        """Return what the identify event at that position of a payload says, and what of it is signed."""
        said = said_in(properties)
        signed, whole = self._covered(source_id, properties, said.values.get("user_id"))
        return Claim(
            position,
            tuple(
                IdentityKey(kind, value, self._hashes(kind, value, said.given[kind]))
                for kind, value in said.values.items()
            ),
            said.traits,
            signed=signed,
            whole=whole,
            problems=said.problems,
        )

    def _hashes(self, kind: IdentityKind, value: str, given: Any) -> tuple[str, ...]:
        older = older_spelling(kind, given)
        spellings = [value] if older is None else [value, older]
        texts = [f"{kind}:{spelling}".encode() for spelling in spellings]
        return tuple(
            hashlib.blake2b(text, digest_size=20, key=key).hexdigest() for text in texts for key in self._hiding
        )

    def _covered(self, source_id: str, properties: Mapping[str, Any], user_id: str | None) -> tuple[bool, bool]:
        """Return whether the signature is right for the user id, and for everything that the properties say."""
        shown = properties.get("signature")
        if not isinstance(shown, str):
            return False, False
        shown, text = shown.strip().lower(), signed_text(properties)
        # The user id of the traits is not what a signature over the user id alone was made of.
        sent = str(properties.get("user_id"))
        for secret in self._secrets(source_id):
            if text is not None and _is_signature(shown, secret + WHOLE, text):
                return True, True
            if user_id in (sent, None) and _is_signature(shown, secret, sent):
                return True, False
        return False, False

    def _secrets(self, source_id: str) -> Iterator[str]:
        """Yield every identify secret of a source that is believed, the present one first."""
        present, oldest = self._generations(source_id)
        for generation in range(present, oldest - 1, -1):
            for key in self._signing:
                yield _secret(key, source_id, generation)


def _secret(key: bytes, source_id: str, generation: int) -> str:
    # An id has no line breaks, so that no two sources have a secret in common.
    text = f"{source_id}\n{generation}" if generation else source_id
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _hmac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _is_signature(shown: str, secret: str, text: str) -> bool:
    return hmac.compare_digest(shown.encode(), _hmac(secret, text).encode())


def _derived(key: str, purpose: bytes) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=32, person=purpose).digest()
