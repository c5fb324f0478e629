"""Counts words."""

import re
from collections import Counter

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def count(text: str) -> Counter[str]:
    """Gives how often each word is in a text, in lower case."""
    return Counter(word.lower().replace("’", "'") for word in WORD.findall(text))


def most_common(counts: Counter[str], number: int) -> list[tuple[str, int]]:
    """Gives the words that are there most often; of equal ones the first in the alphabet."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:number]
