"""What a browser calls itself, in words that people use."""

import pytest

from tracker.core.devices import device_name

_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
CASES = [
    (_WINDOWS, "Chrome on Windows"),
    (f"{_WINDOWS} Edg/140.0", "Edge on Windows"),
    (f"{_WINDOWS} OPR/120.0", "Opera on Windows"),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1",
        "Safari on iPhone",
    ),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "Chrome on iPhone"),
    ("Mozilla/5.0 (Linux; Android 15; K) SamsungBrowser/28.0 Chrome/130.0 Mobile", "Samsung Internet on Android"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15", "Safari on macOS"),
    ("Firefox/1", "Firefox"),
    ("curl/8.5.0", "curl/8.5.0"),
    ("x" * 100, "x" * 60),
    (" ", "Unknown"),
]


@pytest.mark.parametrize(("agent", "name"), CASES)
def test_a_device_is_named_by_its_browser_and_its_system(agent, name) -> None:
    assert device_name(agent) == name
