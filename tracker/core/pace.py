"""How much to do in one step, so that nobody who waits for its end waits long."""


def next_size(size: int, took: float, *, longest: float, least: int, most: int) -> int:
    """Return how much to do in the next step, where so much took so many seconds; at most twice as much."""
    fitting = int(size * longest / took) if took > 0 else most
    return max(least, min(most, 2 * size, fitting))
