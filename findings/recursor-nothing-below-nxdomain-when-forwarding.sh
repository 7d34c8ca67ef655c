#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# PowerDNS Recursor 4.8.8 (Debian 4.8.8-1+deb12u1) with nothing-below-nxdomain=yes (RFC 8020: a name that does
# not exist has nothing below it): for a zone that is forwarded, a name below one that was just said not to exist
# is asked for all the same.  The setting saves a forwarder no question.
#
# Seen: the upstream was asked for
#   gone.example                              1 time
#   below.gone.example                        1 time
. "$(dirname "$0")/common.bash"
unpack pdns-recursor=4.8.8-1+deb12u1
up=$(free_port)
port=$(free_port)
start python3 "$here/server.py" "$up" "$work/asked" ready.example=192.0.2.1 '*=NXDOMAIN,example'
start_recursor "$port" "$up" --nothing-below-nxdomain=yes
await_answer "$port" ready.example
ask "$port" gone.example >/dev/null
ask "$port" below.gone.example >/dev/null
times() { grep -c "^$1 1$" "$work/asked" || :; }
expect "gone.example" "$(times gone.example)" 1
expect "below.gone.example" "$(times below.gone.example)" 1
