"""LlamaIndex: retrieved nodes are judged before a model reads them, documents before they are indexed.

from fastguard.adapters.llama_index import GuardPostprocessor
engine = index.as_query_engine(node_postprocessors=[GuardPostprocessor()])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle, TransformComponent

from fastguard.adapters.common import Blocked, Screen


class GuardPostprocessor(BaseNodePostprocessor):
    """Leaves out retrieved nodes that block; a screen that redacts replaces secrets and personal data of the others.

    The metadata that a model would read is judged with the text. What was left out is only told to the screen's
    ``on_verdict``: an answer is then made of the rest.
    """

    _screen: Screen = PrivateAttr()

    def __init__(self, screen: Screen | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._screen = screen if screen is not None else Screen()

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex lists it."""
        return "FastguardPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle
        return [node for node in nodes if passes(self._screen, node.node)]


class GuardTransform(TransformComponent):
    """The same for an ingestion pipeline: nodes that block are not indexed."""

    _screen: Screen = PrivateAttr()

    def __init__(self, screen: Screen | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._screen = screen if screen is not None else Screen()

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Return the nodes that pass."""
        del kwargs
        return [node for node in nodes if passes(self._screen, node)]


def passes(screen: Screen, node: BaseNode) -> bool:
    """Return whether a node may pass, with its text replaced where the screen redacts."""
    whole, text = node.get_content(MetadataMode.LLM), node.get_content(MetadataMode.NONE)
    try:
        if whole != text:
            screen.require(whole, "retrieved")
        clean = screen.passing(text, "retrieved")
    except Blocked:
        return False
    if clean != text:
        node.set_content(clean)
    return True
