#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# dnsmasq 2.90 (Debian 2.90-4~deb12u2) as a forwarder: an NXDOMAIN whose SOA is owned by the very name
# that was asked for is handed on as NXDOMAIN once, and from then on answered from its cache as NOERROR
# without data.  With the SOA owned by the name above, it stays NXDOMAIN.  A blocklist that makes up a
# negative answer must not put the listed name itself into the SOA's owner: clients behind dnsmasq
# see the name begin to exist.
#
# Seen:
#   SOA of the name itself, first answer      NXDOMAIN soa=listed.example.
#   SOA of the name itself, second answer     NOERROR
#   SOA of the name above, first answer       NXDOMAIN soa=example.
#   SOA of the name above, second answer      NXDOMAIN
. "$(dirname "$0")/common.bash"
unpack dnsmasq-base=2.90-4~deb12u2
up=$(free_port)
port=$(free_port)
start python3 "$here/server.py" "$up" "$work/asked" listed.example=NXDOMAIN,listed.example other.example=NXDOMAIN,example
start "$work/root/usr/sbin/dnsmasq" -k -C /dev/null -p "$port" --listen-address=127.0.0.1 --bind-interfaces \
	--no-resolv --no-hosts --server="127.0.0.1#$up" --user="$(id -un)" --pid-file="$work/pid" --cache-size=100
await_answer "$port" ready.example
rcode() { ask "$port" "$1" | sed 's/ .*//'; }
expect "SOA of the name itself, first answer" "$(rcode listed.example)" NXDOMAIN
expect "SOA of the name itself, second answer" "$(rcode listed.example)" NOERROR
expect "SOA of the name above, first answer" "$(rcode other.example)" NXDOMAIN
expect "SOA of the name above, second answer" "$(rcode other.example)" NXDOMAIN
