# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The harness of the system and fault tests. A test file sources this, makes a lab, and calls
#
#     run_case "what is shown" function
#
# for each case. A case is a function that runs in a shell of its own; the first expectation that does
# not hold ends it. Output is TAP-like: "ok - NAME" or "not ok - NAME", "# ..." for the rest, and
# "skip - NAME: what is missing".

# shellcheck source=../lab/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/common.sh"

T=$(mktemp -d "${TMPDIR:-/tmp}/sl-test.XXXXXX")
SITE=$T/site
export SLUICE_STATE=$T/state TMPDIR=$T # what a killed controller leaves goes with $T
CASES_FAILED=0

# --- the lab of this file ---

lab_stop() {
	local file
	trap '' INT TERM
	cd / || return
	controllers_kill
	for file in "$T"/*.noted; do
		[ -e "$file" ] && stop_noted "$file" KILL
	done
	[ ! -e "$SITE/lab.env" ] || "$LAB_HOME/lab" down "$SITE"
	rm -rf "$T"
}
trap 'exit 130' INT TERM
trap lab_stop EXIT

lab_start() {
	[ -x "$SLUICE" ] || die "no $SLUICE: make"
	"$LAB_HOME/lab" up "$SITE" "$@" || die "the lab does not come up"
	lab_load "$SITE"
	cp "$SITE/keys/known_hosts" "$T/known_hosts"
	cd "$SITE" || exit 1
}

# Controllers of this test's state folders, whatever became of them.
controllers_kill() {
	local pid
	for pid in $(running "$(readlink -f "$SLUICE")"); do
		grep -qza "^SLUICE_STATE=$T/" "/proc/$pid/environ" 2>/dev/null || continue
		kill -KILL "$pid" 2>/dev/null
		await 5 pid_gone "$pid"
	done
}

# fresh [VERSION]: nothing installed, nothing journaled; then VERSION installed by sluice itself.
fresh() {
	local file
	controllers_kill
	for file in "$T"/*.noted; do
		[ -e "$file" ] && stop_noted "$file" KILL
	done
	rm -rf "$T"/state*
	cp "$T/known_hosts" "$SITE/keys/known_hosts"
	"$LAB_HOME/lab" reset "$SITE" || fail "the lab does not reset"
	[ -z "${1:-}" ] && return
	expect_exit 0 run install.yaml --set "version=$1" -y
	expect_versions "$1"
	expect_service
}

# --- cases ---

fail() {
	printf '# %s\n' "$*"
	if [ -s "$T/err" ]; then
		printf '# last command: %s\n' "$(cat "$T/command")"
		tail -n 25 "$T/err" | tr -d '\000-\010\013-\037' | cut -c1-300 | sed 's/^/#   /'
	fi
	exit 1
}

run_case() {
	local started
	started=$(now_ms)
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $1 == ${CASE_FILTER:-*} ]] || return 0
	if ("$2"); then
		printf 'ok - %s (%d ms)\n' "$1" $(($(now_ms) - started))
	else
		CASES_FAILED=$((CASES_FAILED + 1))
		printf 'not ok - %s (%d ms)\n' "$1" $(($(now_ms) - started))
	fi
	controllers_kill
}

skip_case() {
	printf 'skip - %s: %s\n' "$1" "$2"
}

cases_end() {
	[ "$CASES_FAILED" = 0 ]
	exit
}

# --- sluice ---

# sl ARGS...: output in $T/out and $T/err. Nothing that a test asks for takes three minutes.
sl() {
	printf '%s\n' "$*" >"$T/command"
	timeout -k 5 180 "$SLUICE" "$@" >"$T/out" 2>"$T/err" </dev/null
}

# expect_exit CODE ARGS...
expect_exit() {
	local want=$1 got
	shift
	sl "$@"
	got=$?
	[ "$got" = "$want" ] || fail "sluice $*: exit $got, expected $want"
}

# sl_start NAME ARGS...: in the background; events in $T/NAME.out.
sl_start() {
	local name=$1
	shift
	: >"$T/$name.out"
	rm -f "$T/$name.rc"
	(
		"$SLUICE" "$@" >"$T/$name.out" 2>"$T/$name.err" </dev/null &
		note_pid "$T/$name.noted" $!
		wait $!
		printf '%s\n' $? >"$T/$name.rc"
	) &
	await 5 test -s "$T/$name.noted" || fail "sluice $* did not start"
}

sl_pid() {
	cut -d' ' -f1 "$T/$1.noted"
}

# sl_end NAME CODE [SECONDS]: it ends with that code.
sl_end() {
	cp "$T/$1.err" "$T/err"
	await "${3:-60}" test -s "$T/$1.rc" || fail "$1 does not end"
	cp "$T/$1.err" "$T/err"
	[ "$(cat "$T/$1.rc")" = "$2" ] || fail "$1: exit $(cat "$T/$1.rc"), expected $2"
}

# expect_event NAME SECONDS PATTERN [TIMES]: that event comes, at least so many times.
event_count() {
	[ "$(grep -c -- "$2" "$1")" -ge "$3" ]
}
expect_event() {
	await "$2" event_count "$T/$1.out" "$3" "${4:-1}" ||
		{ cp "$T/$1.err" "$T/err" && fail "$1: no event $3"; }
}

expect_out() {
	grep -qe "$1" "$T/out" || { cat "$T/out" >>"$T/err" && fail "no '$1' on standard output"; }
}

expect_err() {
	grep -qe "$1" "$T/err" || fail "no '$1' on standard error"
}

# --- the site, looked at from outside ---

# expect_versions VERSION: every instance says so itself, and every link does.
expect_versions() {
	local i got link
	for i in $(instances); do
		got=$(live_version "$i")
		[ "$got" = "$1" ] || fail "$i runs '$got', expected $1"
		link=$(release_dir "${i%:*}")/current
		[ "$LAB_PORTS" = "${LAB_PORTS% *}" ] || link=$link-${i#*:}
		got=$(readlink "$link")
		case $got in
		releases/"$1"-????????) ;;
		*) fail "$link leads to '$got', expected $1" ;;
		esac
	done
}

# expect_mixed N VERSION: so many instances run that version.
count_on() {
	local i n=0
	for i in $(instances); do
		[ "$(live_version "$i")" = "$1" ] && n=$((n + 1))
	done
	printf '%d' "$n"
}

expect_nothing_installed() {
	local h
	for h in $LAB_HOSTS; do
		[ ! -e "$(release_dir "$h")/current" ] || fail "$h has a current link"
	done
	[ -z "$(running_below "$SITE/hosts")" ] || fail "a service runs"
}

# Routers as configured, claims given back, staging folders gone.
expect_tidy() {
	local lb h left
	[ "$LAB_ROUTER" = none ] || for lb in $LAB_LBS; do
		left=$(router_weights "$lb" | awk '$2 != 1 || $3 != 0')
		[ -z "$left" ] || fail "$lb still has: $left"
	done
	for h in $LAB_HOSTS $LAB_LBS; do
		left=$(grep -rl '^run=.' "$SITE/hosts/$h" --include=owner 2>/dev/null)
		[ -z "$left" ] || fail "still claimed: $left"
		left=$(find "$SITE/hosts/$h" -name '.tmp-*' 2>/dev/null)
		[ -z "$left" ] || fail "staging left: $left"
	done
}

# Every balancer gives an answer.
fronts_answer() {
	local front
	for front in $(fronts); do
		"$BIN/get" "$front/" >/dev/null || return 1
	done
}

expect_service() {
	[ "$LAB_ROUTER" = haproxy ] || return 0
	await 5 fronts_answer || fail "the service does not answer through the balancers"
}

# What changes when somebody acts: links, processes, claims, router state.
site_picture() {
	local h lb
	for h in $LAB_HOSTS; do
		find "$SITE/hosts/$h" -name 'current*' -type l -printf '%p %l\n' 2>/dev/null
		find "$SITE/hosts/$h" \( -name owner -o -name '*.proc' \) -exec cat {} + 2>/dev/null |
			grep -v '^\(renewed\|since\)='
		ls "$(release_dir "$h")/releases" 2>/dev/null
	done
	running_below "$SITE/hosts" | sort
	for lb in $LAB_LBS; do
		[ "$LAB_ROUTER" = none ] || router_weights "$lb"
	done
}

# --- the client that never stops asking ---

client_start() {
	# shellcheck disable=SC2046 # one word an address
	"$BIN/client" --rate 150 $(fronts) >"$T/client.json" 2>&1 </dev/null &
	note_pid "$T/client.noted" $!
	disown
}

client_said() {
	sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$T/client.json"
}

expect_no_failure() {
	stop_noted "$T/client.noted" INT
	[ "$(client_said requests)" -gt 20 ] || fail "the client asked nothing: $(cat "$T/client.json")"
	[ "$(client_said failed)" = 0 ] || fail "failed requests: $(cat "$T/client.json")"
}

# --- backends of a test's own ---

port_is_free() {
	! { : <"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null
}

free_port() {
	local port
	while port=$((20000 + RANDOM % 10000)); do
		port_is_free "$port" && break
	done
	printf '%d' "$port"
}

etcd_answers() {
	curl -fsS "http://127.0.0.1:$PORT/health" >/dev/null 2>&1
}

# etcd_start: an empty etcd of this test's own, on $PORT.
etcd_start() {
	local peer
	PORT=$(free_port) peer=$(free_port)
	etcd --data-dir "$T/etcd" --log-level error \
		--listen-client-urls "http://127.0.0.1:$PORT" \
		--advertise-client-urls "http://127.0.0.1:$PORT" \
		--listen-peer-urls "http://127.0.0.1:$peer" \
		--initial-advertise-peer-urls "http://127.0.0.1:$peer" \
		--initial-cluster "default=http://127.0.0.1:$peer" >"$T/etcd.log" 2>&1 </dev/null &
	note_pid "$T/etcd.noted" $!
	disown
	await 20 etcd_answers || die "etcd does not come up: $(tail -n 3 "$T/etcd.log")"
}

# put KEY VALUE: into that etcd.
put() {
	curl -fsS "http://127.0.0.1:$PORT/v3/kv/put" -o "$T/put" -d "{\"key\":\"$(printf %s "$1" | base64 -w0)\",
		\"value\":\"$(printf %s "$2" | base64 -w0)\"}" || fail "etcd takes no $1"
}

# fake_start NAME [OPTIONS]: a fake of the lab; its address is in $url.
fake_start() {
	local from
	exec {from}< <(exec "$BIN/$1" "${@:2}" 127.0.0.1:0)
	note_pid "$T/$1.noted" $!
	read -r url <&"$from" || die "$1 does not start"
}

# fake_ask METHOD PATH [BODY]: on standard output what it answers.
fake_ask() {
	curl -fsS -X "$1" "$url$2" ${3:+-H 'Content-Type: application/json' -d "$3"}
}
