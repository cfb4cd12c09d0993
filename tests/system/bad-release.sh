#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Releases that are bad in different ways: exit 4, everything as before, no failed request.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# rolled_back VERSION PLAYBOOK
rolled_back() {
	client_start
	expect_exit 4 run "$2.yaml" --set "version=$1" -y -o json
	expect_no_failure
	expect_versions 1.0.0
	expect_tidy
	expect_out '"event":"undo.started"'
	tail -n 1 "$T/out" | grep -q '"outcome":"rolledBack"' || fail "not rolledBack: $(tail -n 1 "$T/out")"
}

crashes_at_once() {
	fresh 1.0.0
	rolled_back 2.0.0-crash canary
	expect_out 'told to crash' # why it failed is in the events
}

never_gets_ready() {
	rolled_back 2.0.0-never rolling
}

bad_on_the_second_host() {
	rolled_back 2.0.0-bad canary
}

dies_a_little_later() {
	sed -i 's/minHealthyTime: [^,]*/minHealthyTime: 3s/' rolling.yaml
	rolled_back 2.0.0-later rolling
}

# Escape sequences and a line of 300,000 bytes on the log: none of it reaches a terminal.
makes_noise() {
	rolled_back 2.0.0-noise canary
	! grep -qa "$(printf '[\033\233\007\010]')" "$T/out" "$T/err" || fail "control bytes came through"
	[ "$(wc -c <"$T/out")" -lt 500000 ] || fail "$(wc -c <"$T/out") bytes of output"
}

# The old version does not stop on TERM: KILL after stopTimeout, then all is well.
ignores_term() {
	expect_exit 0 run install.yaml --set version=1.0.0-stubborn -y
	expect_versions 1.0.0-stubborn
	sed 's/stopTimeout: 5s/stopTimeout: 1s/' rolling.yaml >quick.yaml
	expect_exit 0 run quick.yaml --set version=2.0.0 -y
	expect_versions 2.0.0
	expect_tidy
}

lab_start --hosts 3 --lbs 1 --driver local --healthy 200ms
"$LAB_HOME/lab" artifact "$SITE" 2.0.0-later crash-after:2500
"$LAB_HOME/lab" artifact "$SITE" 2.0.0-noise noise
"$LAB_HOME/lab" artifact "$SITE" 1.0.0-stubborn ignore-term
run_case "a release that crashes" crashes_at_once
run_case "a release that never gets ready" never_gets_ready
run_case "a release that is bad on the second host" bad_on_the_second_host
run_case "a release that dies within minHealthyTime" dies_a_little_later
run_case "a release that writes escape sequences and an endless line" makes_noise
run_case "an old version that ignores TERM" ignores_term
cases_end
