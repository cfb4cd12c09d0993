#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo with CONSOLE=1: as text, in a terminal, and stopped half way: nothing is left behind.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DEMO=$LAB_HOME/demo
unset SLUICE_STATE # the demo has its own

nothing_left() {
	[ -z "$(find "$T" -mindepth 1 -maxdepth 1 -name 'sluice-demo.*')" ] &&
		! grep -qsF "$T/" "/tmp/sluice-lab-$(id -u)"/*/dir && [ -z "$(running_below "$T")" ] &&
		! pgrep -f "$T/sluice-demo" >/dev/null
}

expect_nothing_left() {
	await 20 nothing_left || fail "left behind: $(find "$T" -maxdepth 2; pgrep -af "$T/sluice-demo")"
}

as_text() {
	CONSOLE=1 timeout 200 "$DEMO" >"$T/out" 2>"$T/err" </dev/null || fail "the demo ends with $?"
	expect_out 'There is no terminal here'
	expect_out '^+  gateway  ok  *2  *2  1\.0\.0'
	expect_out '^+  orders   ok  *4  *4  1\.0\.0 75% 2\.0\.0 25%'
	expect_out '^+  orders   h1:8080   h1    2\.0\.0    ok     UP'
	if tests_have_zipkin; then
		expect_out ' gateway  get /checkout '
	else
		expect_out 'there are no traces'
	fi
	expect_out '^ Runs > [0-9]*   orders-grey  1\.0\.0 -> 2\.0\.0'
	expect_out ', .*0 failed.*, slowest answer'
	expect_nothing_left
}

tests_have_zipkin() {
	"$LAB_HOME/../peers/start" -t zipkin 2>"$T/peers"
}

# The console is driven by a script, in a terminal of script(1).
in_a_terminal() {
	printf '%s\n' 'wait orders' 5 'wait orders-grey' g enter 'wait publish' "dump $T/run" esc 1 \
		'wait gateway' q >"$T/keys"
	TERM=xterm-256color LC_ALL=C.UTF-8 CONSOLE=1 DEMO_KEYS=$T/keys \
		timeout 200 script -qefc "$DEMO" "$T/out" >"$T/err" 2>&1 </dev/null || fail "it ends with $?"
	expect_out 'What to try in the console'
	grep -q 'publish' "$T/run" || fail "the run is not on the screen: $(cat "$T/run")"
	expect_out 'What the client saw'
	expect_out 'cleaned up'
	expect_nothing_left
}

stopped_half_way() {
	CONSOLE=1 setsid "$DEMO" >"$T/out" 2>"$T/err" </dev/null &
	note_pid "$T/demo.noted" $!
	await 100 grep -q 'canary of orders' "$T/out" || fail "it does not come up"
	kill "-$1" "$(cut -d' ' -f1 "$T/demo.noted")"
	await 60 noted_gone "$T/demo.noted" || fail "it does not end"
	expect_out 'cleaned up'
	expect_nothing_left
}

hung_up() {
	stopped_half_way HUP
}

for program in etcd prometheus curl script; do
	command -v $program >/dev/null && continue
	skip_case "the console demo" "$program is not installed: make deps"
	exit 0
done
run_case "make demo CONSOLE=1 without a terminal: as text" as_text
run_case "make demo CONSOLE=1 in a terminal: the console" in_a_terminal
run_case "hung up half way: nothing is left" hung_up
cases_end
