"""What acts, particulars and official names in a question do to the chances of the families."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.procedures.features import Scored
from knowledge.procedures.reading import Query

EXCLUDED = 0.02
"""How much likelier a family is of which a question says what cannot be true of it."""
LATER_ACTS_ONLY = 0.1
"""How much likelier a family is that has no first issue, where no later act is worded."""
NAMED = 8.0
"""How much likelier a family is whose official name stands in the question."""
AGREES = 2.0
"""How much likelier than another a family is of which a question says what is true of it."""


def weighed_by_words(
    chances: Sequence[float], none: float, scored: Sequence[Scored], query: Query
) -> tuple[list[float], float]:
    """Weigh what a question says of acts and particulars: what agrees, what cannot be meant."""
    said = query.particulars
    acts = query.variants or query.hints
    keys = keys_of(query)
    named = [item.family.named_in_full(keys) for item in scored]
    agreeing = [
        chance
        * (AGREES if item.family.is_settled_by(said) else 1.0)
        * (1.0 if acts or item.family.has_first_issue else LATER_ACTS_ONLY)
        * (NAMED if full and full == max(named) else 1.0)
        for chance, item, full in zip(chances, scored, named, strict=True)
    ]
    scale = (sum(chances) / sum(agreeing)) if agreeing else 1.0
    return favoured(
        [chance * scale for chance in agreeing],
        none,
        [EXCLUDED if item.family.is_excluded_by(said) else 1.0 for item in scored],
    )


def keys_of(query: Query) -> str:
    """Return the keys of all words of a question, with a space around each."""
    return f" {' '.join(token.key for token in query.tokens)} "


def favoured(
    chances: Sequence[float], none: float, factors: Sequence[float]
) -> tuple[list[float], float]:
    """Return chances multiplied by factors, so that all add up to 1 again."""
    raised = [chance * factor for chance, factor in zip(chances, factors, strict=True)]
    total = sum(raised) + none
    return [chance / total for chance in raised], none / total
