"""Events as OpenTelemetry spans over OTLP/HTTP (extra ``otlp``), by the official exporter.

Names are those proposed for guardrails in the GenAI conventions (open-telemetry/semantic-conventions-genai#427, not merged:
they may change) with ``security_rule.*`` for signatures. A span has verdict and action, categories, hash and sizes; an event
of it is one finding with its place. There is no text in any of them, also where excerpts are kept.
"""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from fastguard import __version__
from fastguard.server.errors import ConfigError

if TYPE_CHECKING:
    from fastguard.server.events import Event

SPAN: Final = "run_guardrail fastguard"
FINDING: Final = "gen_ai.security.finding"
_TARGETS: Final = {"input": "llm_input", "output": "llm_output"}
_SECONDS: Final = 5  # of one export, its retries included
_AT_ONCE: Final = 500  # spans in one request


class OtlpSink:
    """Sends spans to a collector. `url` is its base, such as ``http://127.0.0.1:4318``; ``/v1/traces`` is added.

    Headers, certificates and compression come from the variables that the exporter reads (``OTEL_EXPORTER_OTLP_HEADERS``
    and so on), ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES`` say who sends.
    """

    def __init__(self, url: str, salt: bytes) -> None:
        try:
            found = importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise ConfigError(
                "needs the extra otlp",
                field="events.otlp",
                expected="pip install 'fastguard-engine[otlp]', or '.[otlp]' here",
            )
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._salt = salt
        self._exporter: Any = OTLPSpanExporter(endpoint=url.rstrip("/") + "/v1/traces", timeout=_SECONDS)
        named = Resource({"service.name": "fastguard", "service.version": __version__})
        self._resource = named.merge(OTELResourceDetector().detect())
        self._scope = InstrumentationScope("fastguard", __version__)

    def write(self, events: Sequence[Event]) -> None:
        """Send a batch; raises `ConnectionError` where the collector did not take all of it."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        for start in range(0, len(events), _AT_ONCE):
            spans = [self._span(event) for event in events[start : start + _AT_ONCE]]
            if self._exporter.export(spans) is not SpanExportResult.SUCCESS:
                raise ConnectionError("the collector did not take the spans (the log of opentelemetry says why)")

    def tend(self) -> None:
        """Do nothing: what was sent is the collector's."""

    def close(self) -> None:
        """Close the connection."""
        self._exporter.shutdown()

    def _span(self, event: Event) -> Any:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import Event as SpanEvent
        from opentelemetry.sdk.trace import ReadableSpan

        body = event.to_dict(self._salt)
        end = int(event.ts * 1e9)
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
        context = trace.SpanContext(
            _trace(event.request_id), uuid.uuid4().int >> 64 or 1, is_remote=False, trace_flags=flags
        )
        return ReadableSpan(
            name=SPAN,
            context=context,
            resource=self._resource,
            attributes=attributes(body),
            events=[SpanEvent(FINDING, finding(body, item), timestamp=end) for item in body["findings"]],
            kind=trace.SpanKind.INTERNAL,
            start_time=end - event.nanoseconds,
            end_time=end,
            instrumentation_scope=self._scope,
        )


def attributes(body: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a judgement's span, from an event as sinks write it."""
    found: dict[str, Any] = {
        "gen_ai.operation.name": "run_guardrail",
        "gen_ai.security.target.type": _TARGETS[body["direction"]],
        "gen_ai.security.verdict.type": body["verdict"],
        "gen_ai.security.action.type": body["action"],
        "gen_ai.security.content.input.hash": body["text_hash"],
        "gen_ai.security.content.modified": body["action"] == "redact",
        "gen_ai.security.policy.id": body["policy"],
        "gen_ai.security.policy.version": body["revision"],
        "gen_ai.security.guardrail.id": "fastguard",
        "gen_ai.security.guardrail.name": "fastguard",
        "gen_ai.security.guardrail.version": __version__,
        "gen_ai.security.risk.score": body["score"],
        "gen_ai.security.risk.finding": list(body["flagged_categories"]),
        "fastguard.request_id": body["request_id"],
        "fastguard.route": body["route"],
        "fastguard.project": body["project"],
        "fastguard.level": body["level"],
        "fastguard.tier": body["tier"],
        "fastguard.characters": body["size"],
        "fastguard.truncated": list(body["truncated"]),
        "fastguard.degraded": list(body["degraded"]),
    }
    if "session_id" in body["metadata"]:
        found["gen_ai.conversation.id"] = body["metadata"]["session_id"]  # its hash, as everywhere
    return found


def finding(body: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of one finding."""
    return {
        "gen_ai.security.policy.id": body["policy"],
        "gen_ai.security.target.type": _TARGETS[body["direction"]],
        "gen_ai.security.risk.finding": item["category"],
        "gen_ai.security.risk.score": item["score"],
        "security_rule.name": item["signature"],
        "security_rule.category": item["category"],
        "security_rule.description": item["summary"],
        "fastguard.severity": item["severity"],
        "fastguard.source": item["source"],
        "fastguard.view": item["view"],
        "fastguard.text": item["text"],
        "fastguard.start": item["start"],
        "fastguard.end": item["end"],
    }


def _trace(request_id: str) -> int:
    """Return the trace of a request: its id, so all spans of one request are one trace; a random one for others."""
    try:
        return uuid.UUID(request_id).int or 1
    except ValueError:
        return uuid.uuid4().int
