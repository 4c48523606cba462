"""What does the shop sell, and for how much?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tea:
    slug: str
    name: str
    cents: int
    grams: int = 100


_TEAS = (
    Tea("assam", "Assam, second flush", 690),
    Tea("sencha", "Sencha, spring harvest", 890),
    Tea("oolong", "Oolong, lightly roasted", 1190),
    Tea("rooibos", "Rooibos", 450, grams=250),
)


def teas() -> tuple[Tea, ...]:
    """Everything on the shelf, cheapest first."""
    return tuple(sorted(_TEAS, key=lambda tea: tea.cents))


def find(slug: str) -> Tea | None:
    """The tea of that name in an address, or None."""
    return next((tea for tea in _TEAS if tea.slug == slug), None)


def per_kilo(tea: Tea) -> int:
    """Cents for 1000 g, rounded to the nearest cent."""
    return round(tea.cents * 1000 / tea.grams)
