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
cat >"$work/policy.zone" <<'END'
$ORIGIN policy.invalid.
$TTL 30
@ IN SOA localhost. nobody.invalid. 1 3600 600 86400 30
@ IN NS localhost.
32.1.0.0.127.rpz-nsip CNAME .
END
rcode() { ask "$1" any.example | sed 's/ .*//'; }

port=$(free_port)
cat >"$work/unbound.conf" <<END
server:
  interface: 127.0.0.1@$port
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
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@$up
rpz:
  name: policy.invalid
  zonefile: "$work/policy.zone"
END
start "$work/root/usr/sbin/unbound" -d -c "$work/unbound.conf"
await_answer "$port" ready.example
expect "Unbound: any name" "$(rcode "$port")" NXDOMAIN

port=$(free_port)
mkdir -p "$work/run" "$work/empty"
echo "rpzFile('$work/policy.zone', {policyName='policy'})" >"$work/rpz.lua"
start "$work/root/usr/sbin/pdns_recursor" --config-dir="$work/empty" --socket-dir="$work/run" --daemon=no \
	--local-address=127.0.0.1 --local-port="$port" --forward-zones-recurse=".=127.0.0.1:$up" \
	--lua-config-file="$work/rpz.lua" --dnssec=off --threads=1 --write-pid=no --setuid= --setgid= --security-poll-suffix=
await_answer "$port" ready.example
expect "Recursor: any name" "$(rcode "$port")" NXDOMAIN

port=$(free_port)
cat >"$work/named.conf" <<END
options {
	directory "$work"; pid-file none; session-keyfile none; managed-keys-directory "$work";
	listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; };
	recursion yes; dnssec-validation no; forward only; forwarders { 127.0.0.1 port $up; };
	allow-query { any; };
	response-policy { zone "policy.invalid"; } nsip-wait-recurse yes;
};
zone "policy.invalid" { type primary; file "policy.zone"; };
controls { };
END
start "$work/root/usr/sbin/named" -g -n 1 -c "$work/named.conf"
await_answer "$port" ready.example
expect "BIND: any name" "$(rcode "$port")" NOERROR
