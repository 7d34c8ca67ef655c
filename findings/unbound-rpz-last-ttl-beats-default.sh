#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Unbound 1.17.1 (Debian 1.17.1-2+deb12u4): in an RPZ zone file a record without a TTL has the TTL that
# was written last on another record, even where $TTL says otherwise (RFC 2308, 4: $TTL is the default for
# records behind it; the last stated TTL counts only where there is no $TTL).  A single record with a TTL of
# its own changes that of all rules behind it.
#
# Seen, with $TTL 30, then an A with TTL 700, then an A without one:
#   rule before the record with a TTL         NOERROR A=192.0.2.1 ttl=30
#   rule with a TTL of its own                NOERROR A=192.0.2.2 ttl=700
#   rule behind it, without one               NOERROR A=192.0.2.3 ttl=700
. "$(dirname "$0")/common.bash"
unpack unbound=1.17.1-2+deb12u4
port=$(free_port)
policy_zone <<'END'
a.example A 192.0.2.1
b.example 700 A 192.0.2.2
c.example A 192.0.2.3
END
start_unbound "$port"
await_answer "$port" a.example
expect "rule before the record with a TTL" "$(ask "$port" a.example)" "NOERROR A=192.0.2.1 ttl=30"
expect "rule with a TTL of its own" "$(ask "$port" b.example)" "NOERROR A=192.0.2.2 ttl=700"
expect "rule behind it, without one" "$(ask "$port" c.example)" "NOERROR A=192.0.2.3 ttl=700"
