# SPDX-License-Identifier: BSD-2-Clause
"""One class a server: its configuration, its start, its way to reload."""

import base64
import os
import shutil
import signal
import subprocess
import time

import measure

SINKHOLE = "192.0.2.1"
UPSTREAM = "198.51.100.1"
MARKER_ZONE = "sinkhole-bench.net"
TLS_NAME = "dns.example"
FORWARDED = ("forwarded", "forwarded-tls")
WORKLOADS = ("blocked", "below", "cached", *FORWARDED)
CACHED_NAMES = 10000
CACHE_ENTRIES = 200000
RPZ_HEAD = (
    "$ORIGIN rpz.bench.\n"
    "$TTL 60\n"
    "@ SOA ns.bench. host.bench. 1 3600 600 86400 60\n"
    "@ NS ns.bench.\n"
)


def marker(number):
    """A listed name by which a list's edition is told from the next."""
    return f"edition{number}.{MARKER_ZONE}"


class Peer:
    """A server under test: one thread, on core 0, with a directory and a port of its own."""

    name = ""
    title = ""
    program = ""
    package = ""
    draws_ports = True  # of its upstream queries
    reloads = True
    blocks = True
    workloads = WORKLOADS[:4]
    list_suffix = "txt"
    sinkhole = SINKHOLE
    bytes_a_name = 600  # a guess, so that no list is loaded that the memory cannot hold

    def __init__(self, bench, directory, names, workers=1, cores="0"):
        self.bench = bench
        self.directory = os.path.join(directory, f"{self.name}-{workers}")
        self.names = names  # path, or None for a list that holds its marker alone
        self.workers = workers
        self.cores = cores
        self.port = measure.free_port()
        self.control_port = measure.free_port()
        self.process = None
        self.edition = 0
        self.prepare_s = 0.0
        self.log = None

    # -- what a server defines

    def config(self):
        """The configuration's text."""
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def entry(self, name):
        """The lines that block a name and what is below it."""
        return f"{name}\n"

    def list_head(self):
        return ""

    def reload(self):
        """Sets a reload off and returns at once."""
        self.process.send_signal(signal.SIGHUP)

    # -- what they share

    @classmethod
    def find(cls, bench):
        """The program's path, or None."""
        del bench
        return shutil.which(cls.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    @classmethod
    def version(cls, bench):
        del bench
        return measure.package_version(cls.package)

    def path(self, name):
        return os.path.join(self.directory, name)

    def list_path(self):
        return self.path(f"list.{self.list_suffix}")

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def write_list(self):
        """Writes the edition aside and puts it in place at once."""
        aside = self.path("list.new")
        with open(aside, "w", encoding="ascii") as out:
            out.write(self.list_head())
            if self.names is not None:
                self.write_names(out)
            for number in range(self.edition + 1):
                out.write(self.entry(marker(number)))
        os.replace(aside, self.list_path())

    def write_names(self, out):
        with open(self.names, encoding="ascii") as names:
            for name in names:
                out.write(self.entry(name.rstrip("\n")))

    def prepare(self):
        os.makedirs(self.directory, exist_ok=True)
        self.write("config", self.config())
        self.write_list()

    def start(self, limit_s):
        """Starts the server. Returns the seconds from its start to the first right answer."""
        if self.log is None:
            self.log = open(self.path("log"), "ab")
        begin = time.monotonic()
        self.process = measure.spawn(self.command(), self.cores, self.log)
        self.wait_ready(limit_s)
        return time.monotonic() - begin

    def wait_ready(self, limit_s):
        measure.wait_for_address(self.port, marker(self.edition), self.sinkhole, limit_s,
                                 self.process)

    def prepare_reload(self):
        self.edition += 1
        self.write_list()

    def pid(self):
        return self.process.pid

    def stop(self):
        measure.stop(self.process)
        self.process = None
        if self.log is not None:
            self.log.close()
            self.log = None


class Rpz:
    """Has the list as a response policy zone."""

    list_suffix = "zone"

    def entry(self, name):
        return f"{name} A {SINKHOLE}\n*.{name} A {SINKHOLE}\n"

    def list_head(self):
        return RPZ_HEAD


class Reflector(Peer):
    """The floor: what the kernel asks for a packet in and a packet out."""

    name = "reflector"
    title = "bare reflector"
    reloads = blocks = False
    workloads = WORKLOADS

    @classmethod
    def find(cls, bench):
        return bench.tool("reflector")

    @classmethod
    def version(cls, bench):
        return ""

    def prepare(self):
        os.makedirs(self.directory, exist_ok=True)

    def command(self):
        return [self.bench.tool("reflector"), "127.0.0.1", str(self.port)]

    def wait_ready(self, limit_s):
        del limit_s
        time.sleep(0.2)


class Sinkholed(Peer):
    name = "sinkholed"
    title = "sinkholed"
    program = "sinkholed"
    bytes_a_name = 100

    @classmethod
    def find(cls, bench):
        return bench.sinkholed if os.access(bench.sinkholed, os.X_OK) else None

    @classmethod
    def version(cls, bench):
        return measure.output_of([bench.sinkholed, "--version"]).removeprefix("sinkholed ")

    def config(self):
        return (
            "server:\n"
            f'  listen: ["127.0.0.1@{self.port}"]\n'
            f"  workers: {self.workers}\n"
            "  allow: [127.0.0.0/8]\n"
            "cache: {size: 64MiB}\n"
            + self.config_upstream() +
            "lists:\n"
            "  - name: bench\n"
            f"    file: {self.list_path()}\n"
            "    format: names\n"
            "    match: subtree\n"
            "    action: sinkhole\n"
            f"    sinkhole: {{ipv4: {SINKHOLE}, ttl: 60}}\n"
            f"state: {{directory: {self.path('state')}}}\n"
        )

    def config_upstream(self):
        return f"upstreams: [{{address: 127.0.0.1@{self.bench.upstream_port}}}]\n"

    def prepare(self):
        super().prepare()
        os.makedirs(self.path("state"), exist_ok=True)
        os.chmod(self.path("state"), 0o777)  # started as root it becomes another user

    def command(self):
        return [self.bench.sinkholed, "-c", self.path("config")]


class SinkholedTls(Sinkholed):
    name = "sinkholed-tls"
    title = "sinkholed, DNS over TLS"
    reloads = False
    workloads = ("forwarded-tls",)

    def config_upstream(self):
        return (f"upstreams: [{{address: 127.0.0.1@{self.bench.tls_port}, tls-name: {TLS_NAME}}}]\n"
                f"outgoing: {{tls-ca: {self.bench.tls_certificate}}}\n")


class Unbound(Peer):
    """local-zone of type always_null: 0.0.0.0 for the name and what is below it."""

    name = "unbound"
    title = "Unbound, local-zone"
    sinkhole = "0.0.0.0"
    program = "unbound"
    package = "unbound"
    modules = "iterator"
    bytes_a_name = 500

    def entry(self, name):
        return f'local-zone: "{name}" always_null\n'

    def list_head(self):
        return "server:\n"

    def config(self):
        return (
            "server:\n"
            "  num-threads: 1\n"
            "  do-daemonize: no\n"
            "  interface: 127.0.0.1\n"
            f"  port: {self.port}\n"
            "  do-ip6: no\n"
            "  access-control: 127.0.0.0/8 allow\n"
            "  do-not-query-localhost: no\n"
            '  username: ""\n'
            '  chroot: ""\n'
            '  pidfile: ""\n'
            f'  directory: "{self.directory}"\n'
            "  use-syslog: no\n"
            "  verbosity: 0\n"
            "  outgoing-range: 8192\n"
            "  num-queries-per-thread: 4096\n"
            "  msg-cache-size: 64m\n"
            "  rrset-cache-size: 64m\n"
            f'  module-config: "{self.modules}"\n'
            + self.config_list()
            + "forward-zone:\n"
            '  name: "."\n'
            + self.config_upstream() +
            "remote-control:\n"
            "  control-enable: yes\n"
            "  control-use-cert: no\n"
            f"  control-interface: {self.path('control')}\n"
        )

    def config_upstream(self):
        return f"  forward-addr: 127.0.0.1@{self.bench.upstream_port}\n"

    def config_list(self):
        return f'include: "{self.list_path()}"\n'

    def command(self):
        return ["unbound", "-d", "-c", self.path("config")]

    def reload(self):
        measure.spawn(["unbound-control", "-c", self.path("config"), "reload"], "1", self.log)


class UnboundRedirect(Unbound):
    """The same with an address of our choice: a zone and a record a name."""

    name = "unbound-redirect"
    title = "Unbound, local-zone redirect"
    sinkhole = SINKHOLE
    bytes_a_name = 1100

    def entry(self, name):
        return f'local-zone: "{name}" redirect\nlocal-data: "{name} 60 A {SINKHOLE}"\n'


class UnboundRpz(Rpz, Unbound):
    name = "unbound-rpz"
    title = "Unbound, RPZ"
    sinkhole = SINKHOLE
    modules = "respip iterator"
    bytes_a_name = 2600

    def config_list(self):
        return f'rpz:\n  name: rpz.bench\n  zonefile: "{self.list_path()}"\nserver:\n'


class UnboundTls(Unbound):
    name = "unbound-tls"
    title = "Unbound, DNS over TLS"
    reloads = False
    workloads = ("forwarded-tls",)

    def config_upstream(self):
        return (f"  forward-addr: 127.0.0.1@{self.bench.tls_port}#{TLS_NAME}\n"
                "  forward-tls-upstream: yes\n"
                f'server:\n  tls-cert-bundle: "{self.bench.tls_certificate}"\n')


class Dnsmasq(Peer):
    name = "dnsmasq"
    title = "dnsmasq, address="
    program = "dnsmasq"
    package = "dnsmasq-base"
    workloads = ("blocked", "below", "cached")
    cache_size = CACHED_NAMES + 1000
    bytes_a_name = 150

    def entry(self, name):
        return f"address=/{name}/{SINKHOLE}\n"

    def config(self):
        return (
            "keep-in-foreground\n"
            "bind-interfaces\n"
            "listen-address=127.0.0.1\n"
            f"port={self.port}\n"
            "user=\n"
            "pid-file=\n"
            "log-facility=-\n"
            "no-resolv\n"
            "no-hosts\n"
            "no-dhcp-interface=lo\n"
            f"cache-size={self.cache_size}\n"
            "dns-forward-max=1000\n"
            "local-ttl=60\n"
            f"server=127.0.0.1#{self.bench.upstream_port}\n"
            f"conf-file={self.list_path()}\n"
        )

    def command(self):
        return ["dnsmasq", "-C", self.path("config")]

    def reload(self):
        """address= is read once: a new list is a restart."""
        measure.stop(self.process)
        self.process = measure.spawn(self.command(), self.cores, self.log)


class DnsmasqSmall(Dnsmasq):
    """A full cache is searched for what has expired at each insertion: with room for the cached
    workload, forwarding costs ten times what it does with the default."""

    name = "dnsmasq-small"
    title = "dnsmasq, cache of 150"
    reloads = False
    workloads = ("forwarded",)
    cache_size = 150


class Dnsdist(Peer):
    """A suffix tree in memory."""

    name = "dnsdist-smn"
    title = "dnsdist, SuffixMatchNode"
    program = "dnsdist"
    package = "dnsdist"
    draws_ports = False
    bytes_a_name = 700

    def config(self):
        return (
            f'setLocal("127.0.0.1:{self.port}")\n'
            'setACL("127.0.0.0/8")\n'
            'setSecurityPollSuffix("")\n'
            "setUDPMultipleMessagesVectorSize(64)\n"
            "setMaxUDPOutstanding(65535)\n"
            + self.config_upstream() +
            f"cache = newPacketCache({CACHE_ENTRIES}, {{maxTTL=86400}})\n"
            'getPool(""):setCache(cache)\n'
            f'setKey("{base64.b64encode(os.urandom(32)).decode()}")\n'
            f'controlSocket("127.0.0.1:{self.control_port}")\n' + self.config_list()
        )

    def config_upstream(self):
        return f'newServer({{address="127.0.0.1:{self.bench.upstream_port}"}})\n'

    def config_list(self):
        return (
            "function loadList()\n"
            "  local names = newSuffixMatchNode()\n"
            f'  for name in io.lines("{self.list_path()}") do names:add(newDNSName(name)) end\n'
            "  local rule = SuffixMatchNodeRule(names)\n"
            f'  setRules({{newRuleAction(rule, SpoofAction({{"{SINKHOLE}"}}))}})\n'
            "  collectgarbage()\n"
            "end\n"
            "loadList()\n"
        )

    def command(self):
        return ["dnsdist", "-C", self.path("config"), "--supervised", "--disable-syslog"]

    def reload(self):
        measure.spawn(["dnsdist", "-C", self.path("config"), "-e", "loadList()"], "1", self.log)


class DnsdistTls(Dnsdist):
    """As many questions in flight on a connection as ours has; the default is one."""

    name = "dnsdist-tls"
    title = "dnsdist, DNS over TLS"
    reloads = False
    workloads = ("forwarded-tls",)

    def config_upstream(self):
        return (f'newServer({{address="127.0.0.1:{self.bench.tls_port}", tls="openssl", '
                f'subjectName="{TLS_NAME}", caStore="{self.bench.tls_certificate}", '
                "validateCertificates=true, maxInFlight=100})\n")


class DnsdistCdb(Dnsdist):
    """A file of constant keys, compiled before, looked up suffix by suffix."""

    name = "dnsdist-cdb"
    title = "dnsdist, CDB file"
    list_suffix = "cdb"
    bytes_a_name = 100

    def write_list(self):
        plain, aside = self.path("list.txt"), self.path("list.new")
        if self.names is None:
            open(plain, "w", encoding="ascii").close()
        else:
            shutil.copyfile(self.names, plain)
        with open(plain, "a", encoding="ascii") as out:
            out.writelines(f"{marker(number)}\n" for number in range(self.edition + 1))
        begin = time.monotonic()
        subprocess.run([self.bench.tool("cdbmake"), plain, aside], check=True)
        self.prepare_s = time.monotonic() - begin
        os.unlink(plain)
        # the refresh compares the file's time in whole seconds
        stamp = time.time() + 2 * self.edition
        os.utime(aside, (stamp, stamp))

    def prepare(self):
        super().prepare()
        self.reload()

    def config_list(self):
        return (
            f'names = newCDBKVStore("{self.list_path()}", 1)\n'
            "addAction(KeyValueStoreLookupRule(names, KeyValueLookupKeySuffix(1)), "
            f'SpoofAction({{"{SINKHOLE}"}}))\n'
        )

    def reload(self):
        os.replace(self.path("list.new"), self.list_path())


class Recursor(Rpz, Peer):
    name = "recursor"
    title = "PowerDNS Recursor, RPZ"
    program = "pdns_recursor"
    package = "pdns-recursor"
    bytes_a_name = 1200

    def config(self):
        return (
            "local-address=127.0.0.1\n"
            f"local-port={self.port}\n"
            "threads=1\n"
            "pdns-distributes-queries=no\n"
            "daemon=no\n"
            "disable-syslog=yes\n"
            "loglevel=3\n"
            "quiet=yes\n"
            "setuid=\n"
            "setgid=\n"
            "write-pid=no\n"
            f"socket-dir={self.directory}\n"
            "security-poll-suffix=\n"
            "dnssec=off\n"
            "dont-query=\n"
            "allow-from=127.0.0.0/8\n"
            "qname-minimization=no\n"
            f"max-cache-entries={CACHE_ENTRIES}\n"
            f"max-packetcache-entries={CACHE_ENTRIES}\n"
            "max-mthreads=8192\n"
            f"forward-zones-recurse=.=127.0.0.1:{self.bench.upstream_port}\n"
            f"lua-config-file={self.path('lists.lua')}\n"
        )

    def prepare(self):
        super().prepare()
        self.write("recursor.conf", self.config())
        self.write("lists.lua", f'rpzFile("{self.list_path()}", {{policyName="bench"}})\n')

    def command(self):
        return ["pdns_recursor", f"--config-dir={self.directory}"]

    def reload(self):
        measure.spawn(
            ["rec_control", f"--config-dir={self.directory}", f"--socket-dir={self.directory}",
             "--timeout=600", "reload-lua-config"], "1", self.log)


# restart.py and rules.py have it
class Bind(Rpz, Peer):
    name = "bind"
    title = "BIND, RPZ"
    program = "named"
    package = "bind9"
    bytes_a_name = 2000

    def config(self):
        return (
            "options {\n"
            f'  directory "{self.directory}";\n'
            f"  listen-on port {self.port} {{ 127.0.0.1; }};\n"
            "  listen-on-v6 { none; };\n"
            "  allow-query { 127.0.0.0/8; };\n"
            "  recursion yes;\n"
            "  dnssec-validation no;\n"
            "  pid-file none;\n"
            f'  session-keyfile "{self.path("session.key")}";\n'
            f"  forwarders {{ 127.0.0.1 port {self.bench.upstream_port}; }};\n"
            "  forward only;\n"
            '  response-policy { zone "rpz.bench" log no; } qname-wait-recurse no;\n'
            "};\n"
            "controls { };\n"
            f'zone "rpz.bench" {{ type primary; file "{self.list_path()}"; notify no; }};\n')

    def command(self):
        return ["named", "-f", "-n", "1", "-c", self.path("config")]


ALL = [Reflector, Sinkholed, SinkholedTls, DnsdistCdb, Dnsdist, DnsdistTls, Unbound, UnboundTls,
       UnboundRedirect, UnboundRpz, Recursor, Dnsmasq, DnsmasqSmall]
