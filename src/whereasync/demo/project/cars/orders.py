"""What a POST asks for: one car, with the part, the maker and the store that belong to it."""

from typing import NamedTuple

from django.core.exceptions import BadRequest

LONGEST = 150  # characters, the shortest limit among the models


class Order(NamedTuple):
    """The form's three fields."""

    engine: str
    name: str
    location: str

    @classmethod
    def of(cls, request):
        """Read the form; BadRequest says what it needs."""
        order = cls(*(request.POST.get(field, "") for field in cls._fields))
        if not all(1 <= len(text) <= LONGEST for text in order):
            raise BadRequest(
                f"the form needs {', '.join(cls._fields)}: 1 to {LONGEST} characters each"
            )
        return order
