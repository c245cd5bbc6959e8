"""The topic tree, in one place."""

from __future__ import annotations

from typing import Literal, get_args

from agent.core.wire.facts import BoxFacts

TopicKind = Literal["event", "state", "health", "ack", "cmd", "rsp", "evidence"]
TOPIC_KINDS: tuple[TopicKind, ...] = get_args(TopicKind)


def topic(facts: BoxFacts, kind: TopicKind) -> str:
    """`cityeye/v1/{tenant}/{box}/{kind}`."""
    return f"cityeye/v1/{facts.tenant}/{facts.box}/{kind}"


def source(facts: BoxFacts) -> str:
    """The CloudEvents source of this box, a URI reference."""
    return f"/cityeye/{facts.tenant}/{facts.box}"
