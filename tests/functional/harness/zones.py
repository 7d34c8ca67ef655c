# SPDX-License-Identifier: BSD-2-Clause
"""The zones that the real upstream serves."""
import dns.name
import dns.rrset
import dns.zone

PLAIN = "upstream.test"
SIGNED = "signed.test"
FORGED = ("198.51.100.200", "198.51.100.201")  # what was signed, and what is served
BIG_STRINGS = 40  # of 200 octets each, in one RRset

HEAD = """\
$TTL 300
@ IN SOA ns root 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
"""

BODY = """\
www IN A 198.51.100.10
www IN AAAA 2001:db8:1::10
two 17 IN A 198.51.100.2
zero 0 IN A 198.51.100.3
long 604800 IN A 198.51.100.4
mail IN MX 10 mx
mx IN A 198.51.100.25
_sip._tcp IN SRV 1 2 5060 www
web IN HTTPS 1 . alpn=h2
caa IN CAA 0 issue "ca.test"
odd IN TYPE65280 \\# 4 0a000001
alias IN CNAME alias2
alias2 IN CNAME alias3
alias3 IN CNAME www
cloaked IN CNAME cloaked2
cloaked2 IN CNAME tracker
tracker IN A 198.51.100.66
dangling IN CNAME nothing
*.wild IN A 198.51.100.77
moved IN DNAME www
sub IN NS ns.sub
ns.sub IN A 198.51.100.53
"""


def _big():
    return "".join(f'big IN TXT "{i:03d}{"x" * 197}"\n' for i in range(BIG_STRINGS))


def _many(count=40):
    return "".join(f"many IN A 198.51.100.{i + 100}\n" for i in range(count))


def plain_text():
    return HEAD + BODY + _big() + _many()


def signed_text(signer):
    """The signed zone: the same names, but what lies outside of it."""
    origin = dns.name.from_text(SIGNED)
    # dnspython's names of rare types differ between versions: they stay in the plain zone
    body = "".join(line + "\n" for line in BODY.splitlines() if "HTTPS" not in line)
    body += f"bogus IN A {FORGED[0]}\n"
    zone = dns.zone.from_text(HEAD + body + _big(), origin, relativize=False)
    rrsets = [dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
              for name, node in zone.items() for rdataset in node]
    text = "".join(rrset.to_text(origin=None) + "\n" for rrset in signer.sign(rrsets))
    return text.replace(*FORGED)


def origin_of(name):
    return dns.name.from_text(name)
