"""What of a procedure a message asks: the model's ranking and the wordings decide together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actions.base import Message
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Aspect

ASPECT_OF_INTENT = {
    "ask_overview": Aspect.OVERVIEW,
    "ask_documents": Aspect.DOCUMENTS,
    "ask_forms": Aspect.FORMS,
    "ask_fee": Aspect.FEE,
    "ask_processing_time": Aspect.PROCESSING_TIME,
    "ask_where_to_file": Aspect.WHERE_TO_FILE,
    "ask_online_filing": Aspect.ONLINE_FILING,
    "ask_conditions": Aspect.CONDITIONS,
    "ask_legal_basis": Aspect.LEGAL_BASIS,
    "ask_result": Aspect.RESULT,
    "ask_validity": Aspect.VALIDITY,
}
INTENT_OF_ASPECT = {aspect: intent for intent, aspect in ASPECT_OF_INTENT.items()}
NAMING = "name_procedure"
_ABOUT_PROCEDURES = frozenset({*ASPECT_OF_INTENT, NAMING})
_ALONE = 0.7
"""The share from which on the model is believed where nothing is worded."""
_SURE = 0.5
"""The confidence that the model must have besides."""
_CUE = 0.9
"""What a wording of an aspect adds to the model's share for it."""
_VAGUE_CUE = 0.4
"""The same for a wording like "ra sao", which goes with anything: "hồ sơ cấp lại ra sao"."""
_DAYS_OF_ONES_OWN = 0.6
"""What a question for days adds to the share for conditions, where one's own deadlines stand."""
_VAGUE = 0.2
"""What is left of the model's share for a general question where an aspect is worded."""
_LEAST_SHARE = 0.01
"""Below this share of the model a further wording is taken for a part of something else."""
_SURE_WIDTH = 3
"""A wording of so many words is believed whatever the model says."""
_MOST_ASPECTS = 4
_BESIDE_OVERVIEW = {Aspect.FEE, Aspect.PROCESSING_TIME}
"""What is told beside the overview where both are asked."""


def asked(catalogue: Catalogue, message: Message) -> tuple[Aspect, ...]:
    """Return the aspects that are asked for; none where only a name was given."""
    aspect = ASPECT_OF_INTENT.get(message.intent)
    if message.is_button:
        return (aspect,) if aspect else ()
    listed = catalogue.index.listed_aspects(message.text)
    worded = catalogue.index.aspects_of(message.text)
    if _is_list(listed) and (len(listed) > 1 or not worded):
        return listed[:_MOST_ASPECTS]
    votes = _shares(message)
    if not worded and not _is_sure(message, votes):
        return ()
    likeliest = _likeliest(votes, worded)
    if likeliest not in worded:
        return (likeliest,) if likeliest else ()
    further = [
        it
        for it, width in worded.items()
        if it is likeliest
        or width >= _SURE_WIDTH
        or votes.get(INTENT_OF_ASPECT[it], 0.0) >= _LEAST_SHARE
    ]
    return tuple(further[:_MOST_ASPECTS])


def _is_list(listed: Sequence[Aspect]) -> bool:
    """Whether the parts of a message ask for what is told side by side.

    How a thing is done is told with what it costs and how long it takes; papers, conditions and
    the place tell it already.
    """
    others = set(listed) - {Aspect.OVERVIEW}
    return bool(others) and (Aspect.OVERVIEW not in listed or others <= _BESIDE_OVERVIEW)


def asked_of(
    catalogue: Catalogue, message: Message, *, goes_on: bool, chosen: bool
) -> tuple[Aspect, ...]:
    """Return what is to be told of a procedure.

    What was asked last is still asked where a message only chooses (`chosen`) or names another
    procedure (`goes_on`): "còn bán buôn thì sao".
    """
    wanted = asked(catalogue, message)
    last = message.slots.get("aspect")
    if last and chosen and not message.is_button:
        return (Aspect(last),)
    if last and wanted in ((), (Aspect.OVERVIEW,)) and not message.is_button:
        index = catalogue.index
        unanswered = not message.slots.get("procedure")  # it was asked of which procedure
        going_on = goes_on or unanswered or index.goes_on(message.text)
        if going_on and not index.tells_situation(message.text):
            return (Aspect(last),)
    return wanted or (Aspect.OVERVIEW,)


def _is_sure(message: Message, votes: Mapping[str, float]) -> bool:
    """Whether the model is believed about a message that words no aspect."""
    return max(votes.values(), default=0.0) >= _ALONE and message.confidence >= _SURE


def _shares(message: Message) -> dict[str, float]:
    """Return a share for each intent that concerns a procedure; they add up to 1."""
    ranking = message.ranking or {message.intent: message.confidence}
    ours = {name: value for name, value in ranking.items() if name in _ABOUT_PROCEDURES}
    total = sum(ours.values()) or 1.0
    return {name: value / total for name, value in ours.items()}


def _likeliest(shares: Mapping[str, float], worded: Mapping[Aspect, int]) -> Aspect | None:
    votes = dict(shares)
    if worded and Aspect.OVERVIEW not in worded:  # what is asked in so many words is asked
        for name in (INTENT_OF_ASPECT[Aspect.OVERVIEW], NAMING):
            votes[name] = votes.get(name, 0.0) * _VAGUE
    for aspect in worded:
        name = INTENT_OF_ASPECT[aspect]
        votes[name] = votes.get(name, 0.0) + (
            _CUE if aspect is not Aspect.OVERVIEW else _VAGUE_CUE
        )
    if Aspect.PROCESSING_TIME in worded:  # "mấy ngày" may ask for the office's days or one's own
        duty = INTENT_OF_ASPECT[Aspect.CONDITIONS]
        votes[duty] = votes.get(duty, 0.0) + _DAYS_OF_ONES_OWN
    return ASPECT_OF_INTENT.get(max(votes, key=lambda intent: votes[intent], default=NAMING))
