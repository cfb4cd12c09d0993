#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Killed at each kind of step over real sshd and HAProxy, with a client that never stops asking: then
# resume, and separately undo. The client must have seen no failed request.
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"

# killed_at PATTERN: the controller dies as that event comes.
killed_at() {
	sl_start run run canary.yaml --set "version=$2" -y -o json
	expect_event run 60 "$1"
	kill -KILL "$(sl_pid run)"
	await 5 noted_gone "$T/run.noted"
}

then_resume() {
	client_start
	killed_at "$pattern" 2.0.0
	sl resume -y || [ $? = 2 ] || fail "resume: exit $?"
	expect_no_failure
	expect_versions 2.0.0
	expect_tidy
	# The way back is a test too: a finished run is undone.
	client_start
	expect_exit 0 undo canary -y
	expect_no_failure
	expect_versions 1.0.0
	expect_tidy
}

then_undo() {
	client_start
	killed_at "$pattern" 2.0.0
	expect_exit 0 undo canary -y
	expect_no_failure
	expect_versions 1.0.0
	expect_tidy
}

lab_start --hosts 3 --lbs 2
(fresh 1.0.0) || die "no first install"
for what in claim stage drain swap ready return weight pause; do
	pattern='"event":"step.started".*"do":"'$what'"'
	run_case "killed in $what, resumed" then_resume
	run_case "killed in $what, undone" then_undo
done
cases_end
