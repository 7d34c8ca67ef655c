#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A PostgreSQL server of a test's own, on a Unix socket in a folder of its own below /tmp: it is never fsynced.
#   postgres.sh start           makes one, starts it, and prints the folder, which is the host of its URL
#   postgres.sh again FOLDER    starts it again
#   postgres.sh kill FOLDER     kills it at once
#   postgres.sh stop FOLDER     kills it and removes all
# SETTINGS are further options of the server, as "-c fsync=on".
set -euo pipefail

programs=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -1)
[ -n "$programs" ] || { echo 'postgres.sh: there is no /usr/lib/postgresql' >&2; exit 77; }

# the server will not run as root
as_user()
{
	if [ "$(id -u)" != 0 ]; then
		"$@"
	else
		setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
	fi
}

run()
{
	local port
	port=$(sed -n 's/.*port=\([0-9]*\).*/\1/p' <<<"${SETTINGS:-}")
	# nothing of the caller's is kept open by a process that stays
	as_user setsid "$programs/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off \
		-c full_page_writes=off -c dynamic_shared_memory_type=mmap -c synchronous_commit=off -c max_connections=100 \
		-c unix_socket_permissions=0777 ${SETTINGS:-} >>"$1/log" 2>&1 </dev/null &
	for _ in $(seq 300); do
		! "$programs/pg_isready" -q -h "$1" -p "${port:-5432}" || return 0
		kill -0 $! 2>/dev/null || break
		sleep 0.1
	done
	cat "$1/log" >&2
	exit 1
}

end()
{
	local pid
	pid=$(head -1 "$1/data/postmaster.pid" 2>/dev/null) || return 0
	kill -9 "$pid" 2>/dev/null || return 0
	for _ in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	# its backends end by themselves; what they share is in the way of a new server until then
	sleep 0.2
	rm -f "$1/data/postmaster.pid" "$1"/.s.PGSQL.*
}

case $1 in
start)
	folder=$(mktemp -d "${TMPDIR:-/tmp}/sinkholed-pg.XXXXXX")
	chmod 755 "$folder"
	[ "$(id -u)" != 0 ] || chown nobody:nogroup "$folder"
	: >"$folder/log"
	as_user env LC_ALL=C.UTF-8 "$programs/initdb" -D "$folder/data" -U owner -A trust --no-sync -E UTF8 \
		--no-instructions >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
	run "$folder"
	echo "$folder"
	;;
again) run "$2" ;;
kill) end "$2" ;;
stop)
	end "$2"
	rm -rf "$2"
	;;
esac
