"""How well do some typed letters fit a name?"""

from __future__ import annotations

__all__ = ["matched", "score"]


def matched(query: str, text: str) -> tuple[int, ...] | None:
    """Positions of the query's letters in the text, in order, word starts preferred; None if they do not all occur."""
    wanted, low = query.lower().replace(" ", ""), text.lower()
    found: list[int] = []
    at = 0
    for index, letter in enumerate(wanted):
        places = [i for i in range(at, len(low)) if low[i] == letter]
        if not places:
            return None
        run = found and places[0] == found[-1] + 1
        start = next((i for i in places if _starts_word(text, i) and _rest_fits(wanted[index + 1:], low[i + 1:])), None)
        found.append(places[0] if run or start is None else start)
        at = found[-1] + 1
    return tuple(found)


def score(query: str, text: str) -> int | None:
    """Larger is better: letters at word starts and in a run count, long texts lose; None if it does not fit."""
    places = matched(query, text)
    if places is None:
        return None
    whole = query.lower().strip()
    points = 40 if whole and whole in text.lower() else 0
    points += 20 if text.lower().startswith(whole) else 0
    for number, place in enumerate(places):
        points += 8 if _starts_word(text, place) else 0
        points += 5 if number and place == places[number - 1] + 1 else 0
    return points - len(text) // 8


def _starts_word(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum() or (text[at].isupper() and text[at - 1].islower())


def _rest_fits(wanted: str, low: str) -> bool:
    at = 0
    for letter in wanted:
        at = low.find(letter, at) + 1
        if at == 0:
            return False
    return True
