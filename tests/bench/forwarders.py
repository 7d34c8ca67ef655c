# SPDX-License-Identifier: BSD-2-Clause
"""sinkholed and its peers as forwarders to two upstreams: one class a server.

Each keeps its defaults in what decides how it treats upstreams. Beyond them each has what it
offers for answers that are beyond their TTL (serve-stale), and room for the questions in flight.
"""

import os
import shutil

import measure

TLS_NAME = "dns.example.net"
STALE_S = 86400


class Forwarder:
    """A server with one thread, a directory and a port of its own."""

    name = ""
    title = ""
    program = ""
    package = ""
    transports = ("udp",)

    def __init__(self, directory, ports, transport, ca, program=None):
        self.directory = os.path.join(directory, self.name)
        self.ports, self.transport, self.ca = ports, transport, ca
        self.program_path = program or self.find()
        self.port = measure.free_port()
        self.process = self.log = None

    @classmethod
    def find(cls):
        return shutil.which(cls.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    @classmethod
    def version(cls, program):
        del program
        return measure.package_version(cls.package)

    def config(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def path(self, name):
        return os.path.join(self.directory, name)

    def prepare(self):
        os.makedirs(self.directory)
        os.chmod(self.directory, 0o777)
        with open(self.path("config"), "w", encoding="utf-8") as file:
            file.write(self.config())

    def start(self):
        self.prepare()
        self.log = open(self.path("log"), "ab")
        cores = ",".join(map(str, range(os.cpu_count())))
        self.process = measure.spawn(self.command(), cores, self.log)

    def stop(self):
        measure.stop(self.process, 3)
        if self.log is not None:
            self.log.close()


class Sinkholed(Forwarder):
    name = title = program = "sinkholed"
    transports = ("udp", "tcp", "tls")

    @classmethod
    def version(cls, program):
        return measure.output_of([program, "--version"]).removeprefix("sinkholed ")

    def upstream(self, port):
        how = {"udp": "", "tcp": ", transport: tcp", "tls": f", tls-name: {TLS_NAME}"}
        return f"  - {{address: 127.0.0.1@{port}{how[self.transport]}}}\n"

    def config(self):
        text = (f'server: {{listen: ["127.0.0.1@{self.port}"], workers: 1, user: root}}\n'
                "upstreams:\n" + "".join(map(self.upstream, self.ports)))
        if self.transport == "tls":
            text += f'outgoing: {{tls-ca: "{self.ca}"}}\n'
        return text

    def command(self):
        return [self.program_path, "-c", self.path("config")]


class Unbound(Forwarder):
    name = program = package = "unbound"
    title = "Unbound"
    transports = ("udp", "tcp", "tls")

    def config(self):
        name = f"#{TLS_NAME}" if self.transport == "tls" else ""
        how = {"udp": "", "tcp": "  forward-tcp-upstream: yes\n",
               "tls": "  forward-tls-upstream: yes\n"}
        return (
            "server:\n"
            "  num-threads: 1\n"
            f"  interface: 127.0.0.1@{self.port}\n"
            "  do-ip6: no\n"
            "  do-not-query-localhost: no\n"
            f'  username: ""\n  chroot: ""\n  pidfile: ""\n  directory: "{self.directory}"\n'
            "  use-syslog: no\n"
            '  module-config: "iterator"\n'
            f'  tls-cert-bundle: "{self.ca}"\n'
            f"  serve-expired: yes\n  serve-expired-ttl: {STALE_S}\n"
            "  serve-expired-client-timeout: 1800\n"
            'forward-zone:\n  name: "."\n' + how[self.transport]
            + "".join(f"  forward-addr: 127.0.0.1@{port}{name}\n" for port in self.ports)
            + "remote-control:\n  control-enable: no\n")

    def command(self):
        return [self.program_path, "-d", "-c", self.path("config")]


class Dnsmasq(Forwarder):
    name = title = program = "dnsmasq"
    package = "dnsmasq-base"
    more = ""

    def config(self):
        return (
            "keep-in-foreground\nbind-interfaces\nlisten-address=127.0.0.1\n"
            f"port={self.port}\nuser=\npid-file=\nlog-facility=-\nno-resolv\nno-hosts\n"
            f"cache-size=1000\ndns-forward-max=1000\nuse-stale-cache={STALE_S}\n"
            + "".join(f"server=127.0.0.1#{port}\n" for port in self.ports) + self.more)

    def command(self):
        return [self.program_path, "-C", self.path("config")]


class DnsmasqAll(Dnsmasq):
    """Each question goes to all upstreams."""

    name = "dnsmasq-all"
    title = "dnsmasq, all-servers"
    more = "all-servers\n"


class Dnsdist(Forwarder):
    name = title = program = package = "dnsdist"
    transports = ("udp", "tcp", "tls")

    def server(self, port):
        how = {"udp": "", "tcp": ", tcpOnly=true",
               "tls": f', tls="openssl", subjectName="{TLS_NAME}", validateCertificates=true, '
                      f'caStore="{self.ca}"'}
        return f'newServer({{address="127.0.0.1:{port}"{how[self.transport]}}})\n'

    def config(self):
        return (
            f'setLocal("127.0.0.1:{self.port}")\nsetACL("127.0.0.0/8")\nsetSecurityPollSuffix("")\n'
            + "".join(map(self.server, self.ports))
            + f"setStaleCacheEntriesTTL({STALE_S})\n"
            f'getPool(""):setCache(newPacketCache(10000, {{maxTTL=86400, staleTTL=30}}))\n')

    def command(self):
        return [self.program_path, "-C", self.path("config"), "--supervised", "--disable-syslog"]


class Bind(Forwarder):
    name = "bind"
    title = "BIND"
    program = "named"
    package = "bind9"

    def config(self):
        forwarders = " ".join(f"127.0.0.1 port {port};" for port in self.ports)
        return (
            f'options {{ directory "{self.directory}"; listen-on port {self.port} '
            "{ 127.0.0.1; }; listen-on-v6 { none; }; pid-file none; session-keyfile none; "
            "recursion yes; dnssec-validation no; forward only; "
            f"forwarders {{ {forwarders} }}; empty-zones-enable no; "
            f"stale-cache-enable yes; stale-answer-enable yes; max-stale-ttl {STALE_S}; "
            "stale-answer-client-timeout 1800; };\ncontrols { };\n")

    def command(self):
        return [self.program_path, "-f", "-n", "1", "-c", self.path("config")]


class Kresd(Forwarder):
    name = "kresd"
    title = "Knot Resolver"
    program = "kresd"
    package = "knot-resolver"
    transports = ("udp", "tls")

    def config(self):
        if self.transport == "tls":
            targets = ", ".join(f"{{'127.0.0.1@{port}', hostname='{TLS_NAME}', ca_file='{self.ca}'}}"
                                for port in self.ports)
            policy = f"policy.TLS_FORWARD({{{targets}}})"
        else:
            policy = "policy.FORWARD({%s})" % ", ".join(f"'127.0.0.1@{p}'" for p in self.ports)
        return (f"net.listen('127.0.0.1', {self.port}, {{kind='dns'}})\n"
                "trust_anchors.remove('.')\ncache.size = 10 * MB\n"
                "modules.load('serve_stale < cache')\n"
                f"policy.add(policy.all({policy}))\n")

    def command(self):
        return [self.program_path, "-n", "-c", self.path("config"), self.directory]


ALL = [Sinkholed, Unbound, Dnsmasq, DnsmasqAll, Dnsdist, Bind, Kresd]
