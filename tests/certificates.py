"""Certificates made by the tests with the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    cert_file: Path
    key_file: Path


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def authority(folder: Path, name: str) -> Pair:
    """A self-signed certificate authority."""
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", f"/CN={name}", "-keyout", str(pair.key_file), "-out", str(pair.cert_file)),
    )
    return pair


def issued(folder: Path, name: str, by: Pair, *, host: str = "localhost", expired: bool = False) -> Pair:
    """A certificate of an authority for a host name."""
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName=DNS:{host}\n")
    _openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", str(pair.key_file), "-out", str(request)),
    )
    _openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(by.cert_file), "-CAkey", str(by.key_file)),
        *("-CAcreateserial", "-days", "-1" if expired else "2", "-extfile", str(extensions)),
        *("-out", str(pair.cert_file)),
    )
    return pair
