# SPDX-License-Identifier: BSD-2-Clause
"""Certificates for upstreams that speak TLS, made by openssl's command when they are wanted."""
import base64
import hashlib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "dns.example.net"  # of an upstream
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True, timeout=20).stdout


@dataclass
class Identity:
    """A key and a certificate (with those above it) in files."""
    certificate: Path
    key: Path

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.set_alpn_protocols(["dot"])
        return context

    def pin(self):
        """The public key's pin, as RFC 7469 writes them."""
        public = _openssl("x509", "-in", self.certificate, "-noout", "-pubkey")
        der = _openssl("pkey", "-pubin", "-outform", "DER", data=public)
        return "sha256/" + base64.b64encode(hashlib.sha256(der).digest()).decode()


class Authority:
    """A CA and what it has signed."""

    def __init__(self, folder, name="test CA"):
        folder.mkdir(exist_ok=True)
        self.folder, self.count = folder, 0
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        _openssl("req", "-x509", *EC, "-keyout", self.key, "-out", self.certificate, "-subj",
                 f"/CN={name}", "-days", 30)

    def issue(self, name="dns.example.net", days=30):
        """A certificate for a name, or for an address; expired with days=-1."""
        self.count += 1
        path = self.folder / f"{self.count}"
        key, request, certificate = (path.with_suffix(s) for s in (".key", ".csr", ".pem"))
        kind = "IP" if name.replace(".", "").isdigit() or ":" in name else "DNS"
        _openssl("req", "-new", *EC, "-keyout", key, "-out", request, "-subj", "/CN=upstream",
                 "-addext", f"subjectAltName={kind}:{name}")
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                 "-days", days, "-out", certificate, "-copy_extensions", "copy")
        return Identity(certificate, key)


def self_signed(folder, name="dns.example.net"):
    """One that no CA has signed."""
    folder.mkdir(exist_ok=True)
    certificate, key = folder / "self.pem", folder / "self.key"
    _openssl("req", "-x509", *EC, "-keyout", key, "-out", certificate, "-subj", f"/CN={name}",
             "-addext", f"subjectAltName=DNS:{name}", "-days", 30)
    return Identity(certificate, key)
