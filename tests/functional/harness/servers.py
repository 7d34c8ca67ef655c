# SPDX-License-Identifier: BSD-2-Clause
"""Real upstreams: NSD with zones of ours, and Unbound, which validates what NSD serves."""
import os
import signal

import dns.exception
import dns.rcode

from harness import zones
from harness.client import ask
from harness.ports import free_port
from harness.program import Program, wait_until
from harness.signer import Signer


def _answers(address, qname):
    def tried():
        try:
            return ask(address, qname, "SOA", timeout=0.5).rcode() == dns.rcode.NOERROR
        except (dns.exception.Timeout, OSError):
            return False
    return tried


def _family(pid):
    """A process and those it has started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [pid, *(p for child in children.read().split() for p in _family(int(child)))]


class Server:
    """A name server of Debian's that runs in the foreground, for as long as the tests do."""

    def __init__(self, folder, command, qname):
        self.program = Program(command, cwd=folder)
        try:
            wait_until(lambda: _answers(self.where, qname)() or not self.program.running(), 15,
                       f"{self.program.name} answers")
            assert self.program.running(), self.program.text()
        except AssertionError:
            self.program.kill()
            raise

    @property
    def address(self):
        return {"address": "%s@%d" % self.where}

    def freeze(self):
        """It stays, and is silent."""
        for pid in _family(self.program.pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in _family(self.program.pid):
            os.kill(pid, signal.SIGCONT)

    def close(self):
        self.thaw()
        self.program.signal(15)
        self.program.wait_exit(10)


NSD_CONFIG = """\
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  zonesdir: "{folder}"
  xfrdir: "{folder}"
  database: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  pidfile: "{folder}/nsd.pid"
  rrl-ratelimit: 0
  round-robin: no
  minimal-responses: no
remote-control:
  control-enable: no
"""
NSD_ZONE = """\
zone:
  name: {name}
  zonefile: "{name}.zone"
"""
NSD_TLS = """\
server:
  ip-address: 127.0.0.1@{port}
  tls-port: {port}
  tls-service-key: "{identity.key}"
  tls-service-pem: "{identity.certificate}"
"""


class NsdOf(Server):
    """NSD with zones, a text for each name, of which the first is there once it answers."""

    def __init__(self, folder, texts, more=""):
        self.where = ("127.0.0.1", free_port())
        config = NSD_CONFIG.format(port=self.where[1], folder=folder)
        for name, text in texts.items():
            (folder / f"{name}.zone").write_text(text)
            config += NSD_ZONE.format(name=name)
        (folder / "nsd.conf").write_text(config + more)
        super().__init__(folder, ["/usr/sbin/nsd", "-d", "-c", str(folder / "nsd.conf")], next(iter(texts)))


class Nsd(NsdOf):
    """With zones of ours, plain and signed. With an identity (certs.Identity) it is also at tls_where."""

    def __init__(self, folder, identity=None):
        self.signer = Signer(folder, zones.origin_of(zones.SIGNED))
        more = ""
        if identity:
            self.tls_where = ("127.0.0.1", free_port())
            more = NSD_TLS.format(port=self.tls_where[1], identity=identity)
        super().__init__(folder, {zones.PLAIN: zones.plain_text(), zones.SIGNED: zones.signed_text(self.signer)}, more)


UNBOUND_CONFIG = """\
server:
  interface: 127.0.0.1@{port}
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  chroot: ""
  username: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  ede: yes
  local-zone: "test." nodefault
  domain-insecure: "{plain}"
  trust-anchor: "{anchor}"
remote-control:
  control-enable: no
stub-zone:
  name: "{plain}"
  stub-addr: 127.0.0.1@{nsd}
stub-zone:
  name: "{signed}"
  stub-addr: 127.0.0.1@{nsd}
"""


UNBOUND_TLS = """\
server:
  interface: 127.0.0.1@{port}
  tls-port: {port}
  tls-service-key: "{identity.key}"
  tls-service-pem: "{identity.certificate}"
"""


class Unbound(Server):
    """With an identity (certs.Identity) it is also at tls_where."""

    def __init__(self, folder, nsd, identity=None):
        self.where = ("127.0.0.1", free_port())
        config = folder / "unbound.conf"
        text = UNBOUND_CONFIG.format(
            port=self.where[1], folder=folder, nsd=nsd.where[1], plain=zones.PLAIN,
            signed=zones.SIGNED, anchor=nsd.signer.anchor())
        if identity:
            self.tls_where = ("127.0.0.1", free_port())
            text += UNBOUND_TLS.format(port=self.tls_where[1], identity=identity)
        config.write_text(text)
        super().__init__(folder, ["/usr/sbin/unbound", "-d", "-c", str(config)], zones.PLAIN)
