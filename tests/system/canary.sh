#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The healthy case over both SSH drivers, four hosts, two balancers: nobody loses a request.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

first_install() {
	fresh
	expect_nothing_installed
	expect_exit 0 run install.yaml --set version=1.0.0 -y
	expect_versions 1.0.0
	expect_service
	expect_tidy
}

canary_without_a_failed_request() {
	client_start
	expect_exit 0 run canary.yaml --set version=2.0.0 -y -o json
	expect_no_failure
	expect_versions 2.0.0
	expect_tidy
	expect_out '"event":"run.started"'
	expect_out '"event":"traffic.set"'
	expect_out '"event":"pause.ended"'
	tail -n 1 "$T/out" | grep -q '"event":"run.ended".*"outcome":"done"' ||
		fail "the last event is not run.ended: $(tail -n 1 "$T/out")"
}

# A canary means that the new version gets less than its share at first.
canary_shares() {
	local real
	real=$(sed -n 's/.*"event":"traffic.set".*"real":\([0-9.]*\).*/\1/p' "$T/out" | tr '\n' ' ')
	case $real in
	*0.25*0.5*) ;;
	*) fail "traffic shares were: $real" ;;
	esac
}

nothing_to_change() {
	local before
	before=$(site_picture)
	expect_exit 0 run canary.yaml --set version=2.0.0 -y
	[ "$(site_picture)" = "$before" ] || fail "something was changed"
}

rolling_without_a_failed_request() {
	client_start
	expect_exit 0 run rolling.yaml --set version=3.0.0 -y
	expect_no_failure
	expect_versions 3.0.0
	expect_tidy
}

undo_of_a_finished_run() {
	client_start
	expect_exit 0 undo rolling -y
	expect_no_failure
	expect_versions 2.0.0
	expect_tidy
}

runs_and_show() {
	expect_exit 0 runs -o json
	expect_out '"outcome":"done"'
	expect_exit 0 show canary -o json
	expect_out '"do":"swap"'
	expect_exit 2 show canery
	expect_err canary
}

lab_start --hosts 4
for driver in ${DRIVERS:-libssh2 openssh}; do
	sed -i "s/^  driver: .*/  driver: $driver/" "$SITE/inventory.yaml"
	run_case "$driver: first install" first_install
	run_case "$driver: canary, no failed request" canary_without_a_failed_request
	run_case "$driver: shares of the canary" canary_shares
	run_case "$driver: nothing to change" nothing_to_change
	run_case "$driver: rolling, no failed request" rolling_without_a_failed_request
	run_case "$driver: undo of a finished run, no failed request" undo_of_a_finished_run
	run_case "$driver: runs and show" runs_and_show
done
cases_end
