#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs the Debian packages of the named groups, and calls apt-get only when
# one is missing: deps.sh build | test | bench | browser ...
# Package lists are split into words on purpose.
# shellcheck disable=SC2015,SC2034,SC2086
set -euo pipefail

build='gcc make pkg-config libc6-dev libevent-dev libldns-dev libssl-dev libyaml-dev
	libidn2-dev libpsl-dev zlib1g-dev liblzma-dev libzstd-dev libsystemd-dev libsqlite3-dev
	libjansson-dev libpq-dev libcsv-dev libpcre2-dev libcurl4-openssl-dev libcmocka-dev publicsuffix ca-certificates tzdata'
test='clang libclang-rt-dev clang-tidy clang-format cppcheck mandoc python3 python3-pytest python3-jsonschema
	python3-dnspython bind9-dnsutils knot-dnsutils nsd unbound openssl zstd xz-utils iproute2 nginx-light
	postgresql-15 mold'
bench='bind9 valgrind strace dnsmasq-base dnsdist pdns-recursor dnsperf fstrm-bin xz-utils'
browser='chromium nodejs npm'
bare='debootstrap git python3'
operation='systemd prometheus prometheus-alertmanager nodejs npm'
# the daemons among them: wanted as programs, never as services of this machine
daemons='postgresql nsd unbound dnsdist pdns-recursor bind9 nginx prometheus prometheus-alertmanager'

policy=/usr/sbin/policy-rc.d
as_root=()

die()
{
	printf 'deps.sh: %s\n' "$@" >&2
	exit 1
}

wanted()
{
	local group
	for group in "$@"; do
		case $group in
		build | test | bench | browser | operation | bare) printf '%s\n' ${!group} ;;
		*) die "no group '$group'; there are build, test, bench, browser, operation, bare" ;;
		esac
	done
}

# by their own names, or as what another has in it: NodeSource's nodejs provides npm
missing()
{
	comm -23 <(printf '%s\n' "$@" | sort -u) \
		<(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' 2>/dev/null |
			sed -n 's/^installed //p' | tr ',' '\n' | sed 's/^ *//; s/ .*//' | sort -u)
}

become_root()
{
	[ "$(id -u)" != 0 ] || return 0
	command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; } ||
		die "these packages are missing, and installing them needs root: $*" \
			"run as root: apt-get install --no-install-recommends $*"
	as_root=(sudo)
}

# Debian starts a daemon as soon as it is installed, unless this file forbids it
forbid_starts()
{
	[ ! -e $policy ] || return 0
	trap '"${as_root[@]}" rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
	"${as_root[@]}" chmod 755 $policy
}

forbid_boots()
{
	local package
	command -v systemctl >/dev/null || return 0
	for package in $daemons; do
		case " $* " in
		*" $package "*) "${as_root[@]}" systemctl disable --quiet "$package" 2>/dev/null || : ;;
		esac
	done
}

apt()
{
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

update()
{
	echo 'deps.sh: apt-get update'
	apt update || die 'apt-get update failed; is there a network and a package mirror?'
}

install()
{
	echo "deps.sh: installing $*"
	apt install --no-install-recommends "$@"
}

[ $# -gt 0 ] || die 'usage: deps.sh build|test|bench ...'
packages=$(wanted "$@")
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
	die 'this is not Debian; install what corresponds to these, then use make DEPS=: ...' $packages
lacking=$(missing $packages)
[ -n "$lacking" ] || exit 0

become_root $lacking
forbid_starts
fresh=
apt-cache show $lacking >/dev/null 2>&1 || { update; fresh=1; }
install $lacking || { [ -z "$fresh" ] && update && install $lacking; } ||
	die 'apt-get could not install:' $lacking
forbid_boots $lacking
