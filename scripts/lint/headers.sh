#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every header compiles alone: headers.sh COMPILER FLAG... -- HEADER...
set -u
flags=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	flags="$flags $1"
	shift
done
shift
status=0
for header; do
	# shellcheck disable=SC2086
	printf '#include "%s"\n' "${header#*/}" |
		$flags -Werror -fsyntax-only -x c - 2>&1 || {
		echo "$header:1: does not compile alone"
		status=1
	}
done
exit $status
