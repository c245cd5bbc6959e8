"""A little of an ONNX file's graph, read and added to without the `onnx` package, which no box needs otherwise.

Only what inner tensors take: the nodes with the names of their inputs and outputs, and further graph outputs. The
fields are those of `onnx.proto` (ModelProto, GraphProto, NodeProto, ValueInfoProto), the encoding is protobuf's
(protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_OUTPUT = 1, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP = 1, 2, 4
_VALUE_NAME = 1
_LONGEST_VARINT = 10
_WITH_LENGTH = 2


@dataclass(frozen=True, slots=True)
class Node:
    """One operation, such as `Conv`, and the names of the tensors that it takes and gives."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def nodes_of(model: bytes) -> list[Node]:
    """The nodes of the main graph, in the file's order, which is one in which they can run.

    Raises:
        ValueError: these bytes are no protobuf message.
    """
    data = memoryview(model)
    return [
        _node(node)
        for number, graph in _fields(data)
        if number == _MODEL_GRAPH
        for kind, node in _fields(graph)
        if kind == _GRAPH_NODE
    ]


def with_outputs(model: bytes, names: Sequence[str]) -> bytes:
    """The model with some of its inner tensors as further outputs, after its own.

    A message within a message may come in several pieces, which a reader merges; so the graph grows without being
    rewritten: its second piece is appended to the file.
    """
    outputs = b"".join(_written(_GRAPH_OUTPUT, _written(_VALUE_NAME, name.encode())) for name in names)
    return model + _written(_MODEL_GRAPH, outputs)


def _node(data: memoryview) -> Node:
    fields = [(number, bytes(value)) for number, value in _fields(data) if number <= _NODE_OP]

    def texts(wanted: int) -> tuple[str, ...]:
        return tuple(value.decode("utf-8", "replace") for number, value in fields if number == wanted)

    return Node("".join(texts(_NODE_OP)), texts(_NODE_INPUT), texts(_NODE_OUTPUT))


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each field that has a length; numbers are skipped, as none of them is needed."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                _, at = _varint(data, at)
            case 1:
                at += 8
            case 5:
                at += 4
            case 2:
                length, at = _varint(data, at)
                if at + length > len(data):
                    raise ValueError(f"expected {length} bytes at {at}, found {len(data) - at}")
                yield tag >> 3, data[at : at + length]
                at += length
            case kind:
                raise ValueError(f"expected a protobuf message, found wire type {kind} at {at}")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and where the next thing begins."""
    value = 0
    for i, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError(f"expected the end of a number near {at}, found none")


def _written(number: int, content: bytes) -> bytes:
    return _number(number << 3 | _WITH_LENGTH) + _number(len(content)) + content


def _number(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
