#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# BIND 9.18.49 (Debian 1:9.18.49-1~deb12u3) as a forwarder: of two negative answers whose SOA belongs to a
# zone that the name is not in, NXDOMAIN is handed on as it is, and NODATA becomes SERVFAIL.  With an SOA
# of a zone above the name both are handed on.  What makes up negative answers for listed names (an RPZ
# policy zone's SOA, say) breaks NODATA for clients behind BIND, and nothing else.
#
# Seen:
#   NXDOMAIN, SOA of a zone above             NXDOMAIN
#   NODATA, SOA of a zone above               NOERROR
#   NXDOMAIN, SOA of another zone             NXDOMAIN
#   NODATA, SOA of another zone               SERVFAIL
. "$(dirname "$0")/common.bash"
unpack bind9=1:9.18.49-1~deb12u3
up=$(free_port)
port=$(free_port)
start python3 "$here/server.py" "$up" "$work/asked" ready.example=192.0.2.1 a.example=NXDOMAIN,example \
	b.example=NOERROR,example c.example=NXDOMAIN,policy.invalid d.example=NOERROR,policy.invalid
start_named "$port" "$up"
await_answer "$port" ready.example
rcode() { ask "$port" "$1" | sed 's/ .*//'; }
expect "NXDOMAIN, SOA of a zone above" "$(rcode a.example)" NXDOMAIN
expect "NODATA, SOA of a zone above" "$(rcode b.example)" NOERROR
expect "NXDOMAIN, SOA of another zone" "$(rcode c.example)" NXDOMAIN
expect "NODATA, SOA of another zone" "$(rcode d.example)" SERVFAIL
