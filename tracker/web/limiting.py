"""The rate limit at the door: of a network in front of everything, then of a network and a source (protocol §8)."""

from tracker.core.client_address import client_network
from tracker.core.refusal import TooMany
from tracker.core.times import SECOND
from tracker.store.sources import digest_of, shows_digest
from tracker.web.bodies import announced
from tracker.web.environs import Environ
from tracker.web.notes import Notes
from tracker.web.services import Services

ONE_TOKEN = 8 * 1024
"""Bytes of a body for which a network pays one more token: what a refused body costs grows with its size."""
_FEW_DIGITS = len(str(ONE_TOKEN))
EVENTS_A_TOKEN = 4
"""Events for which a network pays one more token: an event among others costs a quarter of a request."""
FREE = frozenset({"/healthz", "/readyz", "/metrics"})
"""Answered whatever comes: a flood must not make a load balancer think that this process has died."""
SHOWN_TO = frozenset({"/track", "/pass"})
"""Routes that a source may show its secret to."""


def admit(parts: Services, environ: Environ, noted: Notes) -> None:
    """Count a request against the limit of its network, before anything is read; TooMany where that is used up.

    A request that shows the secret of an enabled source is not counted: its quota alone limits it.
    """
    if parts.settings.rate_limit is None or (environ["PATH_INFO"] in FREE and _is_free(environ)):
        return
    noted.network = network_of(parts, environ)
    if "HTTP_AUTHORIZATION" in environ and shows_a_secret(parts, environ):
        return
    if wait := parts.limit_network((noted.network, ""), _tokens(parts, environ)):
        raise refused(parts, environ, noted, wait)


def admit_heavy(parts: Services, environ: Environ, noted: Notes, objects: int) -> None:
    """Count the objects of a heavy body against the limit of its network, before they are read.

    The size that was announced tells little of hundreds of small ones. More of them than events are allowed are refused
    early, or are braces in a text, and cost no more.
    """
    if "HTTP_AUTHORIZATION" in environ and shows_a_secret(parts, environ):
        return
    tokens = min(objects, parts.settings.limits.events) // EVENTS_A_TOKEN
    if noted.network and (wait := parts.limit_network((noted.network, ""), tokens)):
        raise refused(parts, environ, noted, wait)


def count(parts: Services, source_id: str, environ: Environ, noted: Notes, tokens: int) -> None:
    """Count a request against the limit of its network and source; TooMany where that is used up."""
    if wait := parts.limit((noted.network or network_of(parts, environ), source_id), tokens):
        raise refused(parts, environ, noted, wait)


def tokens_for(size: int, events: int = 0) -> int:
    """Return what a body of so many bytes and events costs: a click one token, the largest as much as 129 clicks.

    Without this, 50 requests a second would be 50 MiB or 25 000 events a second, and all the time that a worker has.
    """
    return 1 + max(size // ONE_TOKEN, events // EVENTS_A_TOKEN)


def network_of(parts: Services, environ: Environ) -> str:
    """Return the network that a request comes from, as the trusted proxies say."""
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    return client_network(environ.get("REMOTE_ADDR"), forwarded, parts.settings.trusted_proxies)


def shows_a_secret(parts: Services, environ: Environ) -> bool:
    """Whether a request shows the secret of an enabled source; that it is the one it writes for is seen later."""
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or environ["PATH_INFO"] not in SHOWN_TO:
        return False
    digest = digest_of(secret.strip())
    return any(shows_digest(source, digest) and source.enabled for source in parts.sources.last_seen())


def refused(parts: Services, environ: Environ, noted: Notes, wait: int) -> TooMany:
    """Return the refusal of a request that comes over a limit, once it is counted."""
    if environ.get("HTTP_X_FORWARDED_FOR") and not parts.settings.trusted_proxies:
        # To who reads the log this is the usual reason: behind a proxy all visitors seem to be one.
        noted.cause = "TRUSTED_PROXIES is not set"
    parts.metrics.limited(environ["PATH_INFO"])
    return TooMany("Too many requests; send the same body again later.", retry_after=wait // SECOND)


def _is_free(environ: Environ) -> bool:
    """Whether it does not matter who asks, or Prometheus asks from this machine, where all visitors may seem to be."""
    if environ["PATH_INFO"] != "/metrics":
        return True
    return "HTTP_X_FORWARDED_FOR" not in environ and environ.get("REMOTE_ADDR", "").startswith(("127.", "::1"))


def _tokens(parts: Services, environ: Environ) -> int:
    """Return what a request costs its network: more where its body is large, or may be."""
    if 0 < len(environ.get("CONTENT_LENGTH") or "") < _FEW_DIGITS and "HTTP_TRANSFER_ENCODING" not in environ:
        return 1
    largest = parts.settings.limits.body
    size = announced(environ)
    if size is None:
        size = largest if environ.get("HTTP_TRANSFER_ENCODING") else 0
    # What is announced as too large is refused unread.
    return tokens_for(size if size <= largest else 0)
