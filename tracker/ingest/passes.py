"""Link passes: a signature over a profile, a source, the time and a nonce, so that a link cannot be made up."""

import secrets
from collections.abc import Callable, Sequence

from itsdangerous import BadSignature, Signer, URLSafeSerializer

from tracker.core.model import LinkPass, Micros

LIFETIME: Micros = 10 * 60 * 1_000_000
CLOCK_SKEW: Micros = 60 * 1_000_000
"""How far ahead another host's clock may be before its passes count as forged."""
_LONGEST = 1024
_PARTS = [str, str, int, str]


class PassOffice:
    """Gives out passes and reads them back; every key given is believed, the first one signs."""

    def __init__(self, keys: Sequence[str], clock: Callable[[], Micros]) -> None:
        # itsdangerous signs with the last key of a list and believes them all.
        self._serializer = URLSafeSerializer(
            list(reversed(keys)), salt="handoff.link-pass", signer=Signer, signer_kwargs={"key_derivation": "hmac"}
        )
        self._clock = clock

    def issue(self, profile_id: str, source_id: str) -> str:
        """Return a fresh pass (``__tr_pass``) for a live profile of a source."""
        return str(self._serializer.dumps([profile_id, source_id, self._clock() // 1000, secrets.token_urlsafe(12)]))

    def read(self, token: str | None) -> LinkPass:
        """Return what a pass says and whether it may be believed; never raises."""
        if not token:
            return LinkPass()
        try:
            said = self._serializer.loads(token if len(token) <= _LONGEST else "")
        except (BadSignature, ValueError):
            return LinkPass("forged")
        # Another version of this software may have signed something else with the same key.
        if not isinstance(said, list) or [type(part) for part in said] != _PARTS:
            return LinkPass("forged")
        profile_id, source_id, issued_ms, nonce = said
        issued, now = issued_ms * 1000, self._clock()
        expires = issued + LIFETIME
        if issued > now + CLOCK_SKEW:
            return LinkPass("forged")
        return LinkPass("valid" if now <= expires else "expired", profile_id, source_id, nonce, expires)
