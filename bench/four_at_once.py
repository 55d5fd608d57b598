"""Four people asking the embedded model at once, beside one alone: `python -m bench.four_at_once`.

Prints the median time of an answer alone and with four at a time, their ratio, and how much of the prompts
came from the model's cache. The questions are such that the model must be asked, each about another month.
"""

import statistics
from concurrent.futures import ThreadPoolExecutor

from nlq import settings as settings_module
from nlq.answer import Answer
from nlq.embedded.progress import silent
from nlq.question import Question
from nlq.service import Service, build, embedded

_QUESTIONS = (
    "How chuffed were our customers in {}?",
    "What did we pay for ads in {}?",
    "How long did parcels take to arrive in {}?",
    "How quickly did the helpdesk react in {}?",
)
_ROUNDS = ("January 2026", "February 2026", "March 2026", "April 2026")
_AT_ONCE = 4


def _asked(service: Service, questions: list[str], people: int) -> list[Answer]:
    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(lambda text: service.pipeline.ask(Question(text)), questions))


def _median_ms(answers: list[Answer]) -> float:
    return statistics.median(answer.timing.total_ms for answer in answers if answer.attempts)


def _cached_share(service: Service, answers: list[Answer]) -> float:
    entries = [
        entry for answer in answers if (entry := service.history.get(answer.id)) and entry.prompt_tokens
    ]
    return sum(e.cached_tokens or 0 for e in entries) / sum(e.prompt_tokens or 0 for e in entries)


def main() -> None:
    """Measure and print."""
    with embedded(settings_module.load(), silent) as settings:
        service = build(settings)
        texts = [question.format(period) for period in _ROUNDS for question in _QUESTIONS]
        later = [text.replace("2026", "2025") for text in texts]
        alone, together = _asked(service, texts, 1), _asked(service, later, _AT_ONCE)
        one, four = _median_ms(alone), _median_ms(together)
        slowest = max(answer.timing.total_ms for answer in together)
        print(f"alone: median {one:.0f} ms; four at once: median {four:.0f} ms, slowest {slowest} ms")
        print(f"ratio of medians {four / one:.2f}, of the slowest to the lone median {slowest / one:.2f}")
        print(
            f"prompt tokens from the cache: alone {_cached_share(service, alone):.0%}, "
            f"four at once {_cached_share(service, together):.0%}"
        )


if __name__ == "__main__":
    main()
