"""The language model, behind LangChain's chat interface."""

import json
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import httpx2
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from pydantic import SecretStr

from nlq.cancellation import Cancellation
from nlq.endpoint import LONGEST_REPLY, Endpoint, ReplyTooLong
from nlq.errors import ModelUnavailable
from nlq.prompting import Prompt
from nlq.settings import Settings

_DEFAULT_MODEL = "gpt-5-mini"
_MOST_TOKENS = 400
_YES_OR_NO = 'root ::= "yes" | "no"\n'


@dataclass(frozen=True)
class Completion:
    """A reply, the tokens that it cost, and the milliseconds that it took."""

    content: str
    prompt_tokens: int | None
    completion_tokens: int | None
    ms: int
    cached_tokens: int | None = None
    """How many of the prompt's tokens the server had evaluated before."""


class Llm(Protocol):
    """A language model that replies under a JSON schema."""

    name: str

    def complete(
        self, prompt: Prompt, schema: Mapping[str, Any], grammar: str, cancellation: Cancellation
    ) -> Completion:
        """The reply to `prompt`; raises `ModelUnavailable` if there is none."""

    def agreement(self, prompt: Prompt, cancellation: Cancellation) -> tuple[float, Completion] | None:
        """How probable the reply "yes" is; None from a model that tells no probabilities."""


class ChatLlm:
    """A LangChain chat model; with `grammar` a llama.cpp grammar constrains it instead of a JSON schema."""

    def __init__(
        self, chat: BaseChatModel, name: str, endpoint: Endpoint, *, grammar: bool, openai: bool
    ) -> None:
        """Ask `chat`, which is called `name`, through its `endpoint`."""
        self.name, self.endpoint = name, endpoint
        self._chat, self._grammar, self._openai = chat, grammar, openai

    def complete(
        self, prompt: Prompt, schema: Mapping[str, Any], grammar: str, cancellation: Cancellation
    ) -> Completion:
        """The reply to `prompt`.

        Raises:
            ModelUnavailable: the model cannot be reached, took too long or refused; it says what to do.
            Overloaded: too many questions wait for the model.
            Cancelled: the question was cancelled; the model is not waited for any more.
        """
        began = time.monotonic()
        return _completion(self._reply(self._constrained(schema, grammar), prompt, cancellation), began)

    def agreement(self, prompt: Prompt, cancellation: Cancellation) -> tuple[float, Completion] | None:
        """How probable it is, from 0 to 1, that the reply to `prompt` is "yes" rather than "no".

        None from a model that is not embedded: not every endpoint tells probabilities, and large models
        need no second look.

        Raises:
            ModelUnavailable, Overloaded, Cancelled: as `complete`.
        """
        if not self._grammar:
            return None
        began = time.monotonic()
        body = {"grammar": _YES_OR_NO, "cache_prompt": True}
        chat = self._chat.bind(extra_body=body, logprobs=True, top_logprobs=20, max_tokens=1)
        reply = self._reply(chat, prompt, cancellation)
        try:
            first = reply.response_metadata["logprobs"]["content"][0]["top_logprobs"]
        except (LookupError, TypeError) as error:  # a reply without probabilities is no usable one
            raise ModelUnavailable("The language model tells no probabilities of its reply.") from error
        return _share_of_yes(first), _completion(reply, began)

    def _reply(self, chat: Any, prompt: Prompt, cancellation: Cancellation) -> AIMessage:
        messages = [SystemMessage(prompt.system), HumanMessage(prompt.user)]
        return cast(AIMessage, self.endpoint.call(lambda: chat.ainvoke(messages), cancellation))

    def _constrained(self, schema: Mapping[str, Any], grammar: str) -> Any:
        if self._grammar:
            return self._chat.bind(extra_body={"grammar": grammar, "cache_prompt": True})
        if self._openai:
            described = {"name": "reply", "schema": schema, "strict": True}
            form = {"type": "json_schema", "json_schema": described}
            return self._chat.bind(extra_body={"response_format": form})  # sent as it is, which costs least
        structured = self._chat.with_structured_output(dict(schema), include_raw=True)
        return cast(Any, structured) | _as_message


def _completion(reply: AIMessage, began: float) -> Completion:
    usage = reply.usage_metadata
    details = usage.get("input_token_details", {}) if usage else {}
    return Completion(
        content=reply.text if isinstance(reply.text, str) else str(reply.content),
        prompt_tokens=usage["input_tokens"] if usage else None,
        completion_tokens=usage["output_tokens"] if usage else None,
        ms=round(1000 * (time.monotonic() - began)),
        cached_tokens=details.get("cache_read"),
    )


def _share_of_yes(tokens: Sequence[Mapping[str, Any]]) -> float:
    """The probability of "yes" among the tokens that begin a "yes" or a "no"."""
    chances = {"yes": 0.0, "no": 0.0}
    for token in tokens:
        word = str(token["token"]).strip().lower()
        for answer in chances:
            if len(word) > 1 and answer.startswith(word):
                chances[answer] += math.exp(float(token["logprob"]))
    total = sum(chances.values())
    return chances["yes"] / total if total else 0.0


def _as_message(reply: dict[str, Any]) -> AIMessage:
    """A structured reply as the message that it came in, with the parsed object as its text."""
    raw: AIMessage = reply["raw"]
    return AIMessage(json.dumps(reply["parsed"]), usage_metadata=raw.usage_metadata)


def connect(settings: Settings) -> ChatLlm:
    """The model that `settings` name.

    Raises:
        ModelUnavailable: the model's provider is not installed or not known.
    """
    embedded = settings.embedded_weights is not None
    endpoint = _endpoint(settings)
    if settings.model and ":" in settings.model and not settings.openai_base_url:
        return ChatLlm(_other_provider(settings), settings.model, endpoint, grammar=False, openai=False)
    from langchain_openai import ChatOpenAI
    from openai import DefaultAsyncHttpxClient

    model = settings.model or _DEFAULT_MODEL
    chat = ChatOpenAI(
        model=model,
        base_url=settings.openai_base_url,
        api_key=SecretStr(settings.openai_api_key or "none"),
        timeout=settings.model_timeout_s,
        max_retries=0,  # the endpoint does that
        http_async_client=DefaultAsyncHttpxClient(event_hooks={"response": [_bound]}),
        temperature=0 if settings.openai_base_url else None,
        max_completion_tokens=_MOST_TOKENS if embedded else None,
    )
    return ChatLlm(chat, model, endpoint, grammar=embedded, openai=True)


def _endpoint(settings: Settings) -> Endpoint:
    return Endpoint(settings.model_timeout_s, settings.model_calls, settings.model_queue)


class _Bounded(httpx2.AsyncByteStream):
    """A reply's bytes up to `LONGEST_REPLY`."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > LONGEST_REPLY:
                raise ReplyTooLong
            yield chunk

    async def aclose(self) -> None:
        """Close what is behind it."""
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    response.stream = _Bounded(cast(httpx2.AsyncByteStream, response.stream))


def _other_provider(settings: Settings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        chat = cast(BaseChatModel, init_chat_model(settings.model, timeout=settings.model_timeout_s))
    except (ImportError, ValueError) as error:
        raise ModelUnavailable(
            f"The model {settings.model} cannot be used: {error} Install its package or change NLQ_MODEL."
        ) from None
    return chat
