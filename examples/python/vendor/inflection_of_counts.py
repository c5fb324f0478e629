"""Numbers with their nouns."""

__version__ = "1.0"


def counted(number: int, noun: str) -> str:
    """Gives `1 time`, `2 times`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
