#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The console, driven by a script of keys on real hosts: a run is planned, read, started, promoted.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CONSOLE=$BUILD/sluice-console

# console LINES...: plays them; the last screen is left in $T/screen.
console() {
	printf "%s\n" "$@" >"$T/keys"
	printf '%s\n' "console: $*" >"$T/command"
	LC_ALL=C.UTF-8 setsid timeout -k 5 240 "$CONSOLE" runs --keys "$T/keys" --screen-dump "$T/screen" \
		>"$T/out" 2>"$T/err" </dev/null
}

expect_screen() {
	grep -q -- "$1" "$T/screen" || {
		sed 's/^/#   /' "$T/screen"
		fail "not on the screen: $1"
	}
}

plan_is_shown_and_nothing_is_changed() {
	fresh 1.0.0
	console ':' 'type run gated.yaml --set version=2.0.0' enter 'wait nothing is changed yet' L \
		'wait needs write mode' || fail "the plan does not come: exit $?"
	expect_screen '2.0.0'
	expect_screen 'upgrade'
	expect_versions 1.0.0
	[ "$("$SLUICE" runs -o json | grep -c '"kind":"rollout"')" = 1 ] || fail "a run was started"
	[ -z "$(ls -d "$T"/sluice-plan-* 2>/dev/null)" ] || fail "the saved plan stays behind"
}

run_is_started_and_promoted() {
	fresh 1.0.0
	client_start
	console w 'wait reason' 'type OPS-9' enter 'wait WRITE' L 'wait run' \
		'type gated.yaml --set version=2.0.0' enter 'wait nothing is changed yet' L \
		'wait Cancel' tab enter 'wait has begun' 'wait waits for promote' P \
		'wait Cancel' tab enter 'wait exit 0' || { sed "s/^/#   /" "$T/screen"; fail "exit $?"; }
	expect_screen 'done'
	expect_versions 2.0.0
	expect_exit 0 show -o json
	expect_out 'OPS-9'
	expect_no_failure
	expect_tidy
}

# The plan was asked for over the services: it is gone from there when its run has begun.
started_from_another_view() {
	fresh 1.0.0
	console 1 'wait 0 services' w 'wait reason' 'type OPS-12' enter 'wait WRITE' ':' \
		'type run gated.yaml --set version=2.0.0' enter 'wait nothing is changed yet' L \
		'wait Cancel' tab enter 'wait has begun' 'wait waits for promote' 1 'wait 0 services' \
		'gone gated.yaml' 5 'wait waits for promote' A 'wait Cancel' tab enter 'wait undone' ||
		{ sed "s/^/#   /" "$T/screen"; fail "exit $?"; }
	expect_versions 1.0.0
	expect_tidy
}

# A run that nobody carries does not look as if it only waited, and the keys that are named work.
controller_dies() {
	fresh 1.0.0
	client_start
	sl_start run run gated.yaml --set version=2.0.0 -y --wait -o json
	expect_event run 40 '"event":"pause.started"'
	expect_exit 0 get runs
	expect_out '^\. .* paused '
	kill -KILL "$(sl_pid run)"
	sl_end run 137
	expect_exit 0 get runs
	expect_out '^? .* paused '
	expect_exit 0 show
	expect_out 'its controller is gone: sluice promote 2 goes on'
	console w 'wait reason' 'type OPS-10' enter 'wait WRITE' enter 'wait no controller' \
		'wait P promotes it' P 'wait Cancel' tab enter 'wait exit 0' || { sed "s/^/#   /" "$T/screen"; fail "exit $?"; }
	expect_screen 'done'
	expect_versions 2.0.0
	expect_no_failure
	expect_tidy
}

# The console is no part of the run that it started.
console_dies() {
	fresh 1.0.0
	console w 'wait reason' 'type OPS-11' enter 'wait WRITE' ':' 'type run gated.yaml --set version=2.0.0' enter \
		'wait nothing is changed yet' L 'wait Cancel' tab enter 'wait waits for promote' &
	await 60 run_stands || fail "the run does not come to its pause"
	stop_consoles
	wait
	expect_exit 0 get runs
	expect_out '^\. .* paused '
	console w 'wait reason' 'type OPS-11' enter 'wait WRITE' A 'wait Cancel' tab enter 'wait undone' ||
		{ sed "s/^/#   /" "$T/screen"; fail "exit $?"; }
	expect_versions 1.0.0
	expect_tidy
}

run_stands() {
	"$SLUICE" get runs -f 'name:gated state:paused' -o ndjson 2>/dev/null | grep -q promote
}

stop_consoles() {
	local pid
	for pid in $(running "$(readlink -f "$CONSOLE")"); do
		grep -qza "^SLUICE_STATE=$T/" "/proc/$pid/environ" 2>/dev/null && kill -KILL "$pid"
	done
}

bad_plan_is_told() {
	console ':' 'type run nowhere.yaml' enter 'wait cannot be carried out' || { sed "s/^/#   /" "$T/screen"; fail "exit $?"; }
	expect_screen 'nowhere.yaml'
	console ':' 'type run gated.yaml --out /tmp/x' enter 'wait can be given here' ||
		{ sed "s/^/#   /" "$T/screen"; fail "exit $?"; }
}

# refuses WORD ANSWER: the console does not know it, says so, and exits with 2.
refuses() {
	"$CONSOLE" "$1" >"$T/out" 2>"$T/err" </dev/null
	[ $? = 2 ] || fail "exit is not 2 for $1"
	grep -qF "$2" "$T/err" || fail "$(cat "$T/err")"
}

unknown_view_is_named() {
	refuses servces "no view 'servces' (did you mean 'services'?)"
	refuses zzzz "no view 'zzzz'; there are: services, "
	console ':' 'type config' enter 'wait Config' || fail "a view by its tab's word: exit $?"
}

lab_start
run_case "a view that is not there is named, with those that are" unknown_view_is_named
run_case "a plan is shown, nothing is changed" plan_is_shown_and_nothing_is_changed
run_case "a run is started and promoted from the console" run_is_started_and_promoted
run_case "a run is started over another view, which stands there again" started_from_another_view
run_case "a run whose controller died says so, and is promoted" controller_dies
run_case "a console that dies leaves its run, the next one aborts it" console_dies
run_case "a plan that cannot be made says why" bad_plan_is_told
cases_end
