#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Replay the recorded conversations, and run the plugins' own tests, against servers:
#
#     tests/peers/conform.sh BUILD [fakes]
#
# `fakes` starts the lab's. Otherwise SERVICE_CENTER and KIE are the addresses of servers that
# someone has, TOKEN is for both, and ROOT_PASSWORD adds the conversation about accounts, which
# tries one wrong password and makes an account: give it only for a server that is yours alone.
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
talk() { "$SLUICE_BUILD/conform" ${quiet:+-q} "$@" || bad=1; }
own_tests() { # VARIABLE=URL PROGRAM: a row for each, the words only of those that fail
	local said rc=0
	said=$(env "$1" ${TOKEN:+"SLUICE_TEST_TOKEN=$TOKEN"} \
		"$SLUICE_BUILD/tests/unit/plugins-host/$2" 2>&1) || rc=$?
	sed -nE 's/^\[ +(OK|SKIPPED|FAILED) +\] (test_[a-z_]+)$/  \2: \1/p' <<<"$said" | sort -u
	if [ "$rc" = 0 ]; then
		echo "plugin tests $2: pass"
	else
		grep -v '^\[ *\(RUN\|OK\)' <<<"$said"
		echo "plugin tests $2: FAIL"
		bad=1
	fi
}

records=$here/recordings
if [ "${2:-}" = fakes ]; then
	quiet=1
	start fakesc
	"$SLUICE_BUILD/conform" -q "$url" "$records/service-center.ndjson" &
	slow=$!
	start fakesc -r Root-pass-1
	talk -p Root-pass-1 "$url" "$records/service-center-rbac.ndjson"
	start fakekie
	talk "$url" "$records/kie.ndjson"
	wait "$slow" || bad=1
	exit $bad
fi

if [ -z "${SERVICE_CENTER:-}${KIE:-}" ]; then
	echo "conform: give SERVICE_CENTER=URL, KIE=URL or both, and TOKEN=... if they want one" >&2
	exit 2
fi
if [ -n "${SERVICE_CENTER:-}" ]; then
	talk ${TOKEN:+-t "$TOKEN"} "$SERVICE_CENTER" "$records/service-center.ndjson"
	own_tests "SLUICE_SERVICE_CENTER=$SERVICE_CENTER" servicecenter
	if [ -n "${ROOT_PASSWORD:-}" ]; then
		talk -p "$ROOT_PASSWORD" "$SERVICE_CENTER" "$records/service-center-rbac.ndjson"
	else
		echo "SKIPPED: accounts: no ROOT_PASSWORD"
	fi
else
	echo "SKIPPED: Service Center: no SERVICE_CENTER"
fi
if [ -n "${KIE:-}" ]; then
	talk ${TOKEN:+-t "$TOKEN"} "$KIE" "$records/kie.ndjson"
	own_tests "SLUICE_KIE=$KIE" kie
else
	echo "SKIPPED: Kie: no KIE"
fi
exit $bad
