#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# ldns 1.8.3 (Debian 1.8.3-1+b1) reads a record of a master file with the TTL before the class, and none with the
# class before the TTL, which RFC 1035, 5.1 has as the other of two forms ("[<class>] [<TTL>] <type> <RDATA>"): what
# follows the class is taken for the type.  BIND 9.18.49 and NSD 4.6.1 read both.  Zones that people write by hand
# and response policy zones have the second form now and then; who reads them through ldns has to put the two in order.
#
# Seen:
#   ldns, TTL before class                    x.test. 3600 IN A 192.0.2.1
#   ldns, class before TTL                    Syntax error, could not parse the RR's rdata at line 3
#   BIND, class before TTL                    OK
#   NSD, class before TTL                     zone test is ok
. "$(dirname "$0")/common.bash"
unpack ldnsutils=1.8.3-1+b1 bind9-utils=1:9.18.49-1~deb12u3 nsd=4.6.1-1
# zone RECORD: a zone with that record in its third line
zone()
{
	printf 'test. 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\ntest. 60 IN NS ns.example.\n%s\n' "$1" >"$work/test.zone"
}
by_ldns() { "$work/root/usr/bin/ldns-read-zone" "$work/test.zone" 2>&1 | grep -E '^x|error' | tr -s '\t' ' '; }

zone 'x.test. 3600 IN A 192.0.2.1'
expect "ldns, TTL before class" "$(by_ldns)" "x.test. 3600 IN A 192.0.2.1"
zone 'x.test. IN 3600 A 192.0.2.1'
expect "ldns, class before TTL" "$(by_ldns)" "Syntax error, could not parse the RR's rdata at line 3"
expect "BIND, class before TTL" "$("$work/root/usr/bin/named-checkzone" test "$work/test.zone" | tail -n 1)" OK
expect "NSD, class before TTL" "$("$work/root/usr/sbin/nsd-checkzone" test "$work/test.zone")" "zone test is ok"
