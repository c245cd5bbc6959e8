"""IPv4 addresses of this machine and the networks that they are in, by getifaddrs(3)."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import ClassVar

_IFF_UP, _IFF_LOOPBACK = 0x1, 0x8
"""netdevice(7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One address of a network interface that is up."""

    name: str
    address: IPv4Address
    network: IPv4Network
    loopback: bool


class _SocketAddress(ctypes.Structure):
    """`struct sockaddr_in`; the head is that of all families."""

    _fields_: ClassVar = [("family", ctypes.c_ushort), ("port", ctypes.c_ushort), ("address", ctypes.c_ubyte * 4)]


class _Entry(ctypes.Structure):
    """The head of `struct ifaddrs`."""


_Entry._fields_ = [
    ("next", ctypes.POINTER(_Entry)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.POINTER(_SocketAddress)),
    ("mask", ctypes.POINTER(_SocketAddress)),
]


def local_interfaces() -> list[Interface]:
    """All of this machine's, those that are down left out. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    first = ctypes.POINTER(_Entry)()
    if libc.getifaddrs(ctypes.byref(first)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    try:
        return list(_read(first))
    finally:
        libc.freeifaddrs(first)


def _read(entry: ctypes._Pointer[_Entry]) -> Iterator[Interface]:
    while entry:
        here = entry.contents
        if here.address and here.mask and here.address.contents.family == socket.AF_INET and here.flags & _IFF_UP:
            address, mask = (IPv4Address(bytes(part.contents.address)) for part in (here.address, here.mask))
            yield Interface(
                name=os.fsdecode(here.name),
                address=address,
                network=IPv4Interface(f"{address}/{mask}").network,
                loopback=bool(here.flags & _IFF_LOOPBACK),
            )
        entry = here.next
