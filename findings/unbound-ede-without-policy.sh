#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Unbound 1.17.1 (Debian 1.17.1-2+deb12u4) with `ede: yes` says Prohibited (18, RFC 8914, 4.19) to a client that
# access-control refuses, and nothing at all when policy has changed an answer: no Blocked (15), Censored (16) or
# Filtered (17) on what a response policy zone or a local-zone answers, which is what RFC 8914, 4.16 to 4.18 have them
# for.  By the code alone nobody behind it can tell a blocked name from one that does not exist; a resolver that
# forwards to it and looks for "blocked upstream" sees none.
#
# Seen:
#   access-control refuse                     REFUSED 18
#   response policy zone, CNAME .             NXDOMAIN none
#   response policy zone, A                   NOERROR none
#   local-zone always_nxdomain                NXDOMAIN none
#   local-zone always_refuse                  REFUSED none
. "$(dirname "$0")/common.bash"
unpack unbound=1.17.1-2+deb12u4 bind9-dnsutils=1:9.18.49-1~deb12u3
port=$(free_port)
policy_zone <<'END'
a.example CNAME .
b.example A 192.0.2.1
END
start_unbound "$port"
kill "${pids[-1]}" && unset 'pids[-1]'
cat >>"$work/unbound.conf" <<'END'
server:
  ede: yes
  local-zone: "c.example" always_nxdomain
  local-zone: "d.example" always_refuse
  access-control: 127.0.0.2 refuse
END
start "$work/root/usr/sbin/unbound" -d -c "$work/unbound.conf"
await_answer "$port" a.example

# told NAME [SOURCE]: the rcode, and the code of the extended error
told()
{
	"$work/root/usr/bin/dig" -b "${2-127.0.0.1}" -p "$port" @127.0.0.1 "$1" |
		sed -nE 's/.*status: ([A-Z]+),.*/\1/p; s/^; EDE: ([0-9]+).*/\1/p' | paste -sd ' ' | sed -E 's/^[A-Z]+$/& none/'
}
expect "access-control refuse" "$(told a.example 127.0.0.2)" "REFUSED 18"
expect "response policy zone, CNAME ." "$(told a.example)" "NXDOMAIN none"
expect "response policy zone, A" "$(told b.example)" "NOERROR none"
expect "local-zone always_nxdomain" "$(told c.example)" "NXDOMAIN none"
expect "local-zone always_refuse" "$(told d.example)" "REFUSED none"
