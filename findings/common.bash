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

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
