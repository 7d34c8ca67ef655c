#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# RPZ rules on addresses (rpz-ip) and an answer that two of them fit: BIND 9.18.49 (Debian 1:9.18.49-1~deb12u3)
# lets the longest prefix speak, as the draft has it, whatever the order of the records.  Unbound 1.17.1
# (1.17.1-2+deb12u4) and PowerDNS Recursor 4.8.8 (4.8.8-1+deb12u1) take the first record that fits a rule: an
# upstream that rotates its records has the same name let pass or blocked by turns.
#
# Seen, 192.0.2.0/24 being blocked and 198.51.100.1/32 let pass, both in the answer:
#   Unbound: blocked address first            NXDOMAIN
#   Unbound: the other order                  NOERROR
#   Recursor: blocked address first           NXDOMAIN
#   Recursor: the other order                 NOERROR
#   BIND: blocked address first               NOERROR
#   BIND: the other order                     NOERROR
. "$(dirname "$0")/common.bash"
unpack unbound=1.17.1-2+deb12u4 pdns-recursor=4.8.8-1+deb12u1 bind9=1:9.18.49-1~deb12u3
up=$(free_port)
start python3 "$here/server.py" "$up" "$work/asked" ready.example=203.0.113.1 \
	one.example=192.0.2.1+198.51.100.1 two.example=198.51.100.1+192.0.2.1
await_answer "$up" ready.example
policy_zone <<'END'
24.0.2.0.192.rpz-ip CNAME .
32.1.100.51.198.rpz-ip CNAME rpz-passthru.
END
# both NAME PORT RCODE RCODE: what is answered for the two orders
both()
{
	await_answer "$2" ready.example
	expect "$1: blocked address first" "$(ask "$2" one.example | sed 's/ .*//')" "$3"
	expect "$1: the other order" "$(ask "$2" two.example | sed 's/ .*//')" "$4"
}

port=$(free_port)
start_unbound "$port" "$up"
both Unbound "$port" NXDOMAIN NOERROR

port=$(free_port)
start_recursor "$port" "$up" "$(recursor_policy)"
both Recursor "$port" NXDOMAIN NOERROR

port=$(free_port)
start_named "$port" "$up" 'response-policy { zone "policy.invalid"; };'
both BIND "$port" NOERROR NOERROR
