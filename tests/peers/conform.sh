#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Replay the recorded conversations, and run the plugins' own tests, against servers:
#
#     tests/peers/conform.sh BUILD [fakes]
#
# `fakes` starts the lab's. Otherwise SERVICE_CENTER and KIE are the addresses of servers that
# someone has, TOKEN is for both, CA a file with the authority that vouches for https, and
# ROOT_PASSWORD adds the conversation about accounts, which tries one wrong password and makes an
# account: give it only for a server that is yours alone. All else happens in a project of its own,
# which is emptied at the end, after an interrupt too. Exit 0 = as recorded, 1 = something differs,
# 2 = it could not be tried.
set -u

build=${1:?usage: $0 BUILD [fakes]}
here=$(cd "$(dirname "$0")" && pwd)
export SLUICE_BUILD
SLUICE_BUILD=$(cd "$build" && pwd) || exit 2
pids=() bad=0
stop() { [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null; }
trap stop EXIT

# start NAME [OPTIONS]: a fake of the lab on a free port; its address is in $url.
start() {
	exec {from}< <(exec "$SLUICE_BUILD/lab/$1" "${@:2}" 127.0.0.1:0)
	pids+=("$!")
	read -r url <&"$from" || exit 2
}
records=$here/recordings
if [ "${2:-}" = fakes ]; then
	talk() { "$SLUICE_BUILD/conform" -q "$@" || bad=1; }
	start fakesc
	"$SLUICE_BUILD/conform" -q "$url" "$records/service-center.ndjson" &
	slow=$!
	start fakesc -r Root-pass-1
	SLUICE_TEST_ROOT=Root-pass-1 talk "$url" "$records/service-center-rbac.ndjson"
	start fakekie
	talk "$url" "$records/kie.ndjson"
	wait "$slow" || bad=1
	exit $bad
fi

# --- servers that someone has ---

say() { echo "conform: $*" >&2; }
# An address without the slashes at its end, which would double in every path.
address() {
	local url=$1
	case $url in http://?* | https://?*) ;; *)
		say "'$url' is no address: http://HOST:PORT or https://HOST:PORT"
		exit 2
		;;
	esac
	while [ "${url%/}" != "$url" ]; do url=${url%/}; done
	echo "$url"
}
if [ -z "${SERVICE_CENTER:-}${KIE:-}" ]; then
	say "give SERVICE_CENTER=URL, KIE=URL or both, and TOKEN=... if they want one"
	exit 2
fi
[ -z "${SERVICE_CENTER:-}" ] || SERVICE_CENTER=$(address "$SERVICE_CENTER") || exit 2
[ -z "${KIE:-}" ] || KIE=$(address "$KIE") || exit 2
if [ -n "${CA:-}" ]; then
	SLUICE_TEST_CA=$(realpath -e -- "$CA") || exit 2
	export SLUICE_TEST_CA
fi
[ -z "${TOKEN:-}" ] || export SLUICE_TEST_TOKEN=$TOKEN
[ -z "${ROOT_PASSWORD:-}" ] || export SLUICE_TEST_ROOT=$ROOT_PASSWORD
SLUICE_TEST_PROJECT=sluice-conform-$(date +%s)-$$
export SLUICE_TEST_PROJECT
unset TOKEN ROOT_PASSWORD CA

used=() # URL and recording of each server that our project is on
finish() {
	local rc=$? i
	trap '' INT TERM HUP
	for ((i = 0; i < ${#used[@]}; i += 2)); do
		"$SLUICE_BUILD/conform" -c -P "$SLUICE_TEST_PROJECT" "${used[i]}" "${used[i + 1]}" ||
			rc=1
	done
	exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# talk URL RECORDING: 1 = it could not be tried, and nothing is there that would be ours.
talk() {
	local rc=0 made=$records/$2.ndjson
	[ "$2" = service-center-rbac ] || used+=("$1" "$made")
	"$SLUICE_BUILD/conform" -P "$SLUICE_TEST_PROJECT" "$1" "$made" || rc=$?
	if [ $rc -eq 2 ]; then
		[ "$2" = service-center-rbac ] || unset 'used[-1]' 'used[-1]'
		bad=2
		return 1
	fi
	[ $rc -eq 0 ] || [ $bad -ne 0 ] || bad=1
}
own_tests() { # VARIABLE=URL PROGRAM: a row for each, the words only of those that fail
	local said rc=0
	said=$(env "$1" "$SLUICE_BUILD/tests/unit/plugins-host/$2" 2>&1) || rc=$?
	sed -nE 's/^\[ +(OK|SKIPPED|FAILED) +\] (test_[a-z_]+)$/  \2: \1/p' <<<"$said" | sort -u
	if [ "$rc" = 0 ]; then
		echo "plugin tests $2: pass (what needs a server that misbehaves is skipped)"
	else
		grep -v '^\[ *\(RUN\|OK\)' <<<"$said"
		echo "plugin tests $2: FAIL"
		[ $bad -ne 0 ] || bad=1
	fi
}

if [ -z "${SERVICE_CENTER:-}" ]; then
	echo "SKIPPED: Service Center: no SERVICE_CENTER"
else
	! talk "$SERVICE_CENTER" service-center ||
		own_tests "SLUICE_SERVICE_CENTER=$SERVICE_CENTER" servicecenter
	if [ -n "${SLUICE_TEST_ROOT:-}" ]; then
		talk "$SERVICE_CENTER" service-center-rbac
	else
		echo "SKIPPED: accounts: no ROOT_PASSWORD"
	fi
fi
if [ -z "${KIE:-}" ]; then
	echo "SKIPPED: Kie: no KIE"
else
	! talk "$KIE" kie || own_tests "SLUICE_KIE=$KIE" kie
fi
case $bad in
0) echo "conform: as recorded" ;;
1) echo "conform: not as recorded: see DIFFERS and FAILED above" ;;
*) echo "conform: could not be tried, or not all of it: see above" ;;
esac
exit $bad
