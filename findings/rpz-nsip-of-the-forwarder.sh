#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# An RPZ rule on the address of a name server (rpz-nsip) in a resolver that forwards: PowerDNS Recursor 4.8.8
# (Debian 4.8.8-1+deb12u1) and Unbound 1.17.1 (1.17.1-2+deb12u4) compare it with the forwarder's own address, the
# only server they speak to; BIND 9.18.49 (1:9.18.49-1~deb12u3) does not.  A feed that lists the network of one's
# upstream has every name that is forwarded rewritten by two of the three.
#
# Seen, the only rule being the upstream's address (127.0.0.1/32):
#   Unbound: any name                         NXDOMAIN
#   Recursor: any name                        NXDOMAIN
#   BIND: any name                            NOERROR
. "$(dirname "$0")/common.bash"
unpack unbound=1.17.1-2+deb12u4 pdns-recursor=4.8.8-1+deb12u1 bind9=1:9.18.49-1~deb12u3
up=$(free_port)
start python3 "$here/server.py" "$up" "$work/asked" '*=192.0.2.1'
await_answer "$up" ready.example
policy_zone <<'END'
32.1.0.0.127.rpz-nsip CNAME .
END
rcode() { ask "$1" any.example | sed 's/ .*//'; }

port=$(free_port)
start_unbound "$port" "$up"
await_answer "$port" ready.example
expect "Unbound: any name" "$(rcode "$port")" NXDOMAIN

port=$(free_port)
start_recursor "$port" "$up" "$(recursor_policy)"
await_answer "$port" ready.example
expect "Recursor: any name" "$(rcode "$port")" NXDOMAIN

port=$(free_port)
start_named "$port" "$up" 'response-policy { zone "policy.invalid"; } nsip-wait-recurse yes;'
await_answer "$port" ready.example
expect "BIND: any name" "$(rcode "$port")" NOERROR
