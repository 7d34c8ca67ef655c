#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Several response policy zones, and an answer with two addresses: BIND 9.18.49 (Debian 1:9.18.49-1~deb12u3)
# lets the first zone speak that has a rule for either, as the draft has it; but where that zone's prefix is in a
# later zone as well, it lets a zone between the two speak that has a rule for the lower address, in
# whichever order the upstream gives them.
#
# Seen, the answer being 192.0.2.1 and 198.51.100.1, zone one having 198.51.100.0/24 and zone two 192.0.2.0/24,
# each giving an address of its own:
#   the prefix of zone one in that alone        one speaks
#   the same prefix in zone three too           two speaks
#   the same, the addresses in the other order  two speaks
#   the same, zone one's and two's exchanged    one speaks
. "$(dirname "$0")/common.bash"
unpack bind9=1:9.18.49-1~deb12u3
up=$(free_port)
start python3 "$here/server.py" "$up" "$work/asked" ready.example=203.0.113.1 \
	both.example=192.0.2.1+198.51.100.1 turned.example=198.51.100.1+192.0.2.1
await_answer "$up" ready.example

# zone NAME RULE ...
zone()
{
	{
		printf '$ORIGIN %s.\n$TTL 30\n@ IN SOA localhost. nobody.invalid. 1 3600 600 86400 30\n@ IN NS localhost.\n' "$1"
		printf '%s\n' "${@:2}"
	} >"$work/$1"
}

# serve: starts BIND with the three zones, at $port
serve()
{
	port=$(free_port)
	{
		printf 'options { directory "%s"; listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none;\n' "$work" "$port"
		printf 'session-keyfile none; recursion yes; forward only; dnssec-validation no; empty-zones-enable no;\n'
		printf 'forwarders { 127.0.0.1 port %s; }; response-policy { zone "one"; zone "two"; zone "three"; }; };\ncontrols { };\n' "$up"
		printf 'zone "%s" { type primary; file "%s"; };\n' one one two two three three
	} >"$work/named-$port.conf"
	start "$work/root/usr/sbin/named" -g -n 1 -c "$work/named-$port.conf"
	await_answer "$port" ready.example
}

# speaks NAME: which zone's address is given
speaks()
{
	ask "$port" "$1" | grep -oE '203\.0\.113\.(11|12|13)' | sed 's/.*11/one speaks/; s/.*12/two speaks/; s/.*13/three speaks/'
}

zone one '24.0.100.51.198.rpz-ip A 203.0.113.11'
zone two '24.0.2.0.192.rpz-ip A 203.0.113.12'
zone three '24.0.113.0.203.rpz-ip A 203.0.113.13'
serve
expect 'the prefix of zone one in that alone' "$(speaks both.example)" 'one speaks'
zone three '24.0.100.51.198.rpz-ip A 203.0.113.13'
serve
expect 'the same prefix in zone three too' "$(speaks both.example)" 'two speaks'
expect 'the same, the addresses in the other order' "$(speaks turned.example)" 'two speaks'
zone one '24.0.2.0.192.rpz-ip A 203.0.113.11'
zone two '24.0.100.51.198.rpz-ip A 203.0.113.12'
zone three '24.0.2.0.192.rpz-ip A 203.0.113.13'
serve
expect "the same, zone one's and two's exchanged" "$(speaks both.example)" 'one speaks'
