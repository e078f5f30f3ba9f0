"""LiteLLM: a custom guardrail in the proxy's own process, without HTTP.

guardrails:
  - guardrail_name: fastguard
    litellm_params:
      guardrail: fastguard.adapters.litellm.FastguardGuardrail
      mode: [pre_call, post_call]
      policy: policy.toml     # optional
      redact: true            # optional
"""

from __future__ import annotations

from typing import Any

from litellm.exceptions import GuardrailRaisedException
from litellm.integrations.custom_guardrail import CustomGuardrail

from fastguard import Guard, Verdict
from fastguard.adapters.common import Screen, as_text, reason
from fastguard.messages import read_messages


class FastguardGuardrail(CustomGuardrail):
    """Judges the texts, messages, tools and tool calls of requests and answers; blocks with status 400.

    ``redact`` replaces secrets and personal data of texts. Images are not read.
    """

    def __init__(
        self,
        *,
        screen: Screen | None = None,
        policy: str | None = None,
        redact: bool = False,
        enforce: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self._screen = screen if screen is not None else Screen(Guard(policy=policy), redact=redact, enforce=enforce)

    async def apply_guardrail(
        self, inputs: Any, request_data: dict[str, Any], input_type: str, logging_obj: Any = None
    ) -> Any:
        """Return the inputs with their texts as they may pass. Raises `GuardrailRaisedException`."""
        del request_data, logging_obj
        source = "assistant" if input_type == "response" else "user"
        texts = list(inputs.get("texts") or ())
        roles = _sources(inputs.get("structured_messages"))
        sources = [roles.get(text, source) for text in texts]
        others = [(as_text(tool), "tool_definition") for tool in inputs.get("tools") or ()]
        others += [(as_text(_arguments(call)), "assistant") for call in inputs.get("tool_calls") or ()]
        others += [(text, where) for text, where in roles.items() if text not in texts]
        self._let(self._screen.judge_texts([*zip(texts, sources, strict=True), *others]))
        clean = [self._screen.passing(text, where) for text, where in zip(texts, sources, strict=True)]
        return {**inputs, "texts": clean} if clean != texts else inputs

    def _let(self, verdict: Verdict) -> None:
        if self._screen.blocks(verdict):
            raise GuardrailRaisedException(
                guardrail_name=self.guardrail_name or "fastguard",
                message=reason(verdict),
                should_wrap_with_default_message=False,
                blocked_content=True,
            )


def _sources(messages: Any) -> dict[str, str]:
    """Return where each text of the messages comes from; a text that several said counts as the least trusted's."""
    found: dict[str, str] = {}
    if not messages:
        return found
    trust = {"system": 3, "assistant": 2, "user": 1}
    read = read_messages(messages, "user")
    for text, source in zip(read.texts, read.sources, strict=True):
        name = text if isinstance(text, str) else text.decode("utf-8", "replace")
        if name not in found or trust.get(source, 0) < trust.get(found[name], 0):
            found[name] = source
    return found


def _arguments(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else getattr(call, "function", None)
    arguments = function.get("arguments") if isinstance(function, dict) else getattr(function, "arguments", None)
    return call if arguments is None else arguments
