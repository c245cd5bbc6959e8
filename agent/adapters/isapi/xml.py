"""XML of a device that nobody vouches for, read with the standard library.

What makes XML dangerous (entities that grow or that name files) can only be declared in a DOCTYPE, so whatever has one
is refused while it is being read, before its entities are. That, and bounds on bytes and depth, is all that the
package defusedxml would add here; docs/decisions/0010-xml-of-cameras.md.

Names are matched without their namespace: firmwares disagree about it (`http://www.hikvision.com/ver20/XMLSchema`,
`http://www.isapi.org/ver20/XMLSchema`, or none). What is written back has the namespace that was read, as the default
one: there are devices that cannot read a prefix.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement, TreeBuilder, XMLParser

from agent.core.errors import CameraAnswerUnusable

MAX_XML_BYTES = 256 * 1024
"""A stream's settings have 2 to 6 KiB, the list of a recorder's streams about 100."""
MAX_DEPTH = 32
"""ISAPI nests six deep; writing a tree back recurses."""


class _Refused(Exception):
    """Stops the parser; the text is for people."""


class _Careful(TreeBuilder):
    """Builds a tree of elements and their texts, within bounds. Comments and instructions are left out."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, *_: object) -> None:
        """Called before anything that the DOCTYPE declares is read."""
        raise _Refused("a DOCTYPE")

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        """One level deeper."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Refused(f"more than {MAX_DEPTH} levels")
        return super().start(tag, attributes)

    def end(self, tag: str) -> Element:
        """One level up."""
        self._depth -= 1
        return super().end(tag)


def parsed(where: str, body: bytes) -> Element:
    """The root element. Raises CameraAnswerUnusable for whatever else the bytes are."""
    try:
        if len(body) > MAX_XML_BYTES:
            raise _Refused(f"{len(body)} bytes")
        parser = XMLParser(target=_Careful())  # noqa: S314  # nosec B314  # no DOCTYPE gets in: see above
        parser.feed(body)
        root = parser.close()
        if not isinstance(root, Element):
            raise _Refused("no element")
    except _Refused as error:
        found = str(error)
    except (ElementTree.ParseError, ValueError, LookupError):  # encodings: unknown, of several bytes, or wrong
        found = f"{len(body)} bytes that begin with {body[:16].decode('ascii', 'backslashreplace')!r}"
    else:
        return root
    raise CameraAnswerUnusable(
        f"{where}: expected XML of at most {MAX_XML_BYTES} bytes without a DOCTYPE, found {found}; "
        "check that the address is the camera's web port"
    )


def written(root: Element) -> bytes:
    """The document, as UTF-8. Changes the tree: its elements lose the root's namespace, which becomes the default."""
    namespace = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""
    if namespace:
        for element in root.iter():
            element.tag = element.tag.removeprefix(f"{{{namespace}}}")
        root.set("xmlns", namespace)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element, *path: str) -> Element | None:
    """The first descendant along these names, or None."""
    found: Element | None = element
    for name in path:
        if found is None:
            return None
        found = next((below for below in found if local(below) == name), None)
    return found


def text(element: Element, *path: str) -> str | None:
    """Its text without the blanks around it; None when there is no such element, or nothing in it."""
    found = child(element, *path)
    return (found.text or "").strip() or None if found is not None else None


def put(element: Element, value: str, *path: str) -> None:
    """Set the text of a descendant; what is missing on the way is added in the namespace of its parent."""
    for name in path:
        below = child(element, name)
        if below is None:
            namespace = element.tag.rpartition("}")[0]
            below = SubElement(element, f"{namespace}}}{name}" if namespace else name)
        element = below
    element.text = value
