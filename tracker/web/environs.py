"""Reading a WSGI environment."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

Environ = Mapping[str, Any]


def query_of(environ: Environ) -> dict[str, str]:
    """Return the parameters of the query; of a name that stands there twice the first counts, as in Flask."""
    return dict(reversed(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)))
