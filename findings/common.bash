# SPDX-License-Identifier: BSD-2-Clause
# Read by the findings: each unpacks pinned Debian packages into a folder of its own, runs them there
# on loopback, and exits non-zero when what it states is not what it sees.
set -euo pipefail
work=$(mktemp -d)
pids=()
end()
{
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || :
	wait 2>/dev/null || :
	rm -rf "$work"
}
trap end EXIT

# The libraries that a package needs, all the way down; the C library is the machine's own.
libraries_of()
{
	apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "$1" | grep -E '^(lib|bind9-libs)' | grep -vE '^(libc6|libelogind0|libdebian)' | sort -u
}

# unpack PACKAGE=VERSION ...: into $work/root
unpack()
{
	local pinned
	mkdir -p "$work/deb" "$work/root"
	for pinned in "$@"; do
		(cd "$work/deb" && apt-get -qq download "$pinned" 2>/dev/null) ||
			{ echo "cannot download $pinned" >&2; exit 2; }
		# shellcheck disable=SC2046 # names of packages
		(cd "$work/deb" && apt-get -qq download $(libraries_of "${pinned%%=*}") 2>/dev/null) || :
	done
	for pinned in "$work"/deb/*.deb; do
		dpkg-deb -x "$pinned" "$work/root"
	done
	local lib=$work/root/usr/lib/$(uname -m)-linux-gnu
	export LD_LIBRARY_PATH=$lib:$work/root/lib/$(uname -m)-linux-gnu:$lib/pdns-recursor
}

# free_port: one of 127.0.0.1 that nobody has over UDP nor TCP
free_port()
{
	python3 - <<'END'
import socket
while True:
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t = socket.socket()
    u.bind(("127.0.0.1", 0))
    try:
        t.bind(("127.0.0.1", u.getsockname()[1]))
    except OSError:
        continue
    print(u.getsockname()[1])
    break
END
}

# start COMMAND ...: in the background, its output in $work/log
start()
{
	"$@" >>"$work/log" 2>&1 &
	pids+=($!)
}

# ask PORT NAME [TYPE]: "RCODE answer=... soa=OWNER", by a client of a few lines; "silence" in 3 s
ask()
{
	python3 "$here/client.py" "$@"
}

# await PORT NAME: until something answers there
await_answer()
{
	local i
	for i in $(seq 100); do
		[ "$(ask "$1" "$2")" = silence ] || return 0
		sleep 0.1
	done
	echo "nothing answers on port $1" >&2
	cat "$work/log" >&2
	exit 2
}

# expect WHAT SEEN EXPECTED
expect()
{
	printf '%-58s %s\n' "$1" "$2"
	[ "$2" = "$3" ] || { echo "expected: $3" >&2; exit 1; }
}

# policy_zone: a response policy zone, its rules from standard input
policy_zone()
{
	{
		printf '$ORIGIN policy.invalid.\n$TTL 30\n'
		printf '@ IN SOA localhost. nobody.invalid. 1 3600 600 86400 30\n@ IN NS localhost.\n'
		cat
	} >"$work/policy.zone"
}

# start_unbound PORT [UPSTREAM-PORT]: with the policy zone
start_unbound()
{
	cat >"$work/unbound.conf" <<END
server:
  interface: 127.0.0.1@$1
  do-daemonize: no
  do-not-query-localhost: no
  username: ""
  chroot: ""
  directory: "$work"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "respip iterator"
remote-control:
  control-enable: no
rpz:
  name: policy.invalid
  zonefile: "$work/policy.zone"
END
	[ $# = 1 ] || printf 'forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@%s\n' "$2" >>"$work/unbound.conf"
	start "$work/root/usr/sbin/unbound" -d -c "$work/unbound.conf"
}

# start_recursor PORT UPSTREAM-PORT [SETTING ...]
start_recursor()
{
	mkdir -p "$work/run" "$work/empty"
	start "$work/root/usr/sbin/pdns_recursor" --config-dir="$work/empty" --socket-dir="$work/run" --daemon=no \
		--local-address=127.0.0.1 --local-port="$1" --forward-zones-recurse=".=127.0.0.1:$2" \
		--dnssec=off --threads=1 --write-pid=no --setuid= --setgid= --security-poll-suffix= "${@:3}"
}

# recursor_policy: the setting by which it has the policy zone
recursor_policy()
{
	echo "rpzFile('$work/policy.zone', {policyName='policy'})" >"$work/rpz.lua"
	echo "--lua-config-file=$work/rpz.lua"
}

# start_named PORT UPSTREAM-PORT [OPTION]: an option may be response-policy, whose zone is then there
start_named()
{
	cat >"$work/named.conf" <<END
options {
	directory "$work"; pid-file none; session-keyfile none; managed-keys-directory "$work";
	listen-on port $1 { 127.0.0.1; }; listen-on-v6 { none; };
	recursion yes; dnssec-validation no; forward only; forwarders { 127.0.0.1 port $2; };
	allow-query { any; };
	${3-}
};
controls { };
END
	[ $# = 2 ] || echo 'zone "policy.invalid" { type primary; file "policy.zone"; };' >>"$work/named.conf"
	start "$work/root/usr/sbin/named" -g -n 1 -c "$work/named.conf"
}

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
