# SPDX-License-Identifier: BSD-2-Clause
"""Signs a zone (RFC 4034, Ed25519 as in RFC 8080) with keys from openssl's command."""
import base64
import struct
import subprocess
import time

import dns.dnssec
import dns.rdata
import dns.rdatatype
import dns.rrset

ALGORITHM = 15
KEY_FLAGS = 257  # one key for all: zone key and secure entry point
RAW_KEY = 32     # octets at the end of a DER public key


def _openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True, timeout=10).stdout


class Signer:
    def __init__(self, folder, origin):
        self.folder, self.origin = folder, origin
        self.key = folder / "zone.key"
        self.key.write_bytes(_openssl("genpkey", "-algorithm", "ed25519"))
        public = _openssl("pkey", "-in", str(self.key), "-pubout", "-outform", "DER")[-RAW_KEY:]
        text = f"{KEY_FLAGS} 3 {ALGORITHM} {base64.b64encode(public).decode()}"
        self.dnskey = dns.rdata.from_text("IN", "DNSKEY", text)
        self.tag = dns.dnssec.key_id(self.dnskey)

    def anchor(self):
        """The key as a trust anchor, in the form of a zone file's line."""
        return f"{self.origin} IN DNSKEY {self.dnskey}"

    def _sign_octets(self, data):
        to_sign = self.folder / "to-sign"
        to_sign.write_bytes(data)
        signature = _openssl("pkeyutl", "-sign", "-rawin", "-inkey", str(self.key), "-in",
                             str(to_sign))
        to_sign.unlink()
        return signature

    def rrsig(self, rrset, inception, expiration):
        """The RRSIG record of an RRset (RFC 4034, 3.1.8.1)."""
        labels = len(rrset.name) - 1 - (rrset.name.labels[0] == b"*")
        head = struct.pack("!HBBIIIH", rrset.rdtype, ALGORITHM, labels, rrset.ttl, expiration,
                           inception, self.tag) + self.origin.to_digestable()
        owner = rrset.name.to_digestable()
        fixed = owner + struct.pack("!HHI", rrset.rdtype, rrset.rdclass, rrset.ttl)
        rdatas = sorted(rdata.to_digestable(self.origin) for rdata in rrset)
        data = head + b"".join(fixed + struct.pack("!H", len(r)) + r for r in rdatas)
        signature = base64.b64encode(self._sign_octets(data)).decode()
        times = [time.strftime("%Y%m%d%H%M%S", time.gmtime(t)) for t in (expiration, inception)]
        return dns.rrset.from_text(
            rrset.name, rrset.ttl, "IN", "RRSIG",
            f"{dns.rdatatype.to_text(rrset.rdtype)} {ALGORITHM} {labels} {rrset.ttl} "
            f"{times[0]} {times[1]} {self.tag} {self.origin} {signature}")

    def _nsec_chain(self, by_name, minimum):
        names = sorted(by_name)
        for i, name in enumerate(names):
            following = names[(i + 1) % len(names)]
            types = {rrset.rdtype for rrset in by_name[name]} | {dns.rdatatype.NSEC}
            types.add(dns.rdatatype.RRSIG)
            text = " ".join(dns.rdatatype.to_text(t) for t in sorted(types))
            yield dns.rrset.from_text(name, minimum, "IN", "NSEC", f"{following} {text}")

    def sign(self, rrsets, minimum=60):
        """All RRsets of the zone: those given, DNSKEY, NSEC, and their RRSIGs."""
        rrsets = list(rrsets)
        rrsets.append(dns.rrset.from_rdata(self.origin, 3600, self.dnskey))
        cuts = {r.name for r in rrsets
                if r.rdtype == dns.rdatatype.NS and r.name != self.origin}
        below = {r.name for r in rrsets if any(r.name.is_subdomain(cut) and r.name != cut
                                               for cut in cuts)}
        by_name = {}
        for rrset in rrsets:
            if rrset.name not in below:
                by_name.setdefault(rrset.name, []).append(rrset)
        rrsets += self._nsec_chain(by_name, minimum)
        now = int(time.time())
        unsigned = {(cut, dns.rdatatype.NS) for cut in cuts}
        signatures = [self.rrsig(r, now - 3600, now + 86400 * 2) for r in rrsets
                      if r.name not in below and (r.name, r.rdtype) not in unsigned]
        return rrsets + signatures
