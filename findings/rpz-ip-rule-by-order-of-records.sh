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
cat >"$work/policy.zone" <<'END'
$ORIGIN policy.invalid.
$TTL 30
@ IN SOA localhost. nobody.invalid. 1 3600 600 86400 30
@ IN NS localhost.
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
both Unbound "$port" NXDOMAIN NOERROR

port=$(free_port)
mkdir -p "$work/run" "$work/empty"
echo "rpzFile('$work/policy.zone', {policyName='policy'})" >"$work/rpz.lua"
start "$work/root/usr/sbin/pdns_recursor" --config-dir="$work/empty" --socket-dir="$work/run" --daemon=no \
	--local-address=127.0.0.1 --local-port="$port" --forward-zones-recurse=".=127.0.0.1:$up" \
	--lua-config-file="$work/rpz.lua" --dnssec=off --threads=1 --write-pid=no --setuid= --setgid= --security-poll-suffix=
both Recursor "$port" NXDOMAIN NOERROR

port=$(free_port)
cat >"$work/named.conf" <<END
options {
	directory "$work"; pid-file none; session-keyfile none; managed-keys-directory "$work";
	listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; };
	recursion yes; dnssec-validation no; forward only; forwarders { 127.0.0.1 port $up; };
	allow-query { any; };
	response-policy { zone "policy.invalid"; };
};
zone "policy.invalid" { type primary; file "policy.zone"; };
controls { };
END
start "$work/root/usr/sbin/named" -g -n 1 -c "$work/named.conf"
both BIND "$port" NOERROR NOERROR
