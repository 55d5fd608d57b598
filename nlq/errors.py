"""The errors that the steps of a question raise, and that channels turn into words."""

from nlq.words import N_, gettext


class NlqError(Exception):
    """Something a person can act on. `str(error)` is a sentence that says what to do."""


class SettingsError(NlqError):
    """A setting is missing or has a value that cannot be used."""


class InvalidQuestion(NlqError):
    """The text that came in is not a question that can be worked on; nothing was run or recorded."""


class UnknownConversation(NlqError):
    """The conversation that a question refers to does not exist."""


class ModelUnavailable(NlqError):
    """The language model cannot be reached, timed out, or answered something unusable."""


class ComeBackLater(NlqError):
    """What was asked for can be had in `retry_after_s` seconds, as `str(error)` says too."""

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Overloaded(ComeBackLater):
    """The service has as many questions as it can take; this one has to come back."""

    def __init__(self, reason: str, retry_after_s: int = 5) -> None:
        again = gettext("Please ask again in a few seconds.")
        super().__init__(f"{gettext(reason)} {again}", retry_after_s)


class TooManyQuestions(ComeBackLater):
    """A person asked more than `allowed` questions within a minute."""

    def __init__(self, allowed: int, retry_after_s: int) -> None:
        often = N_("You may ask %(count)s questions a minute; please ask again in %(seconds)s s.")
        super().__init__(gettext(often, count=allowed, seconds=retry_after_s), retry_after_s)


class UnsafeSql(NlqError):
    """The SQL guard refused a statement. `str(error)` says which rule it broke."""


class DatabaseUnavailable(NlqError):
    """The database cannot be reached."""


class QueryFailed(NlqError):
    """PostgreSQL refused or stopped a statement: wrong SQL, a time limit, a cost limit."""


class InvalidFeedback(NlqError):
    """What a reviewer sent about a question cannot be taken; nothing was recorded. `str(error)` says why."""


class UnknownQuestion(NlqError):
    """The question that a reviewer speaks of is not in the history."""


class InvalidPlan(NlqError):
    """A plan or an edit that was sent does not work; nothing was run or recorded. `str(error)` says why."""
