#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several instances on a host, in folders with a space in their name.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ports_install() {
	fresh 1.0.0
	expect_tidy
}

ports_canary() {
	client_start
	expect_exit 0 run canary.yaml --set version=2.0.0 -y
	expect_no_failure
	expect_versions 2.0.0
	expect_tidy
}

ports_undo() {
	client_start
	expect_exit 0 undo canary -y
	expect_no_failure
	expect_versions 1.0.0
	expect_tidy
}

# --limit: the other host is left as it is.
limited_to_one_host() {
	local i
	expect_exit 0 run rolling.yaml --set version=3.0.0 --limit h1 -y
	for i in $(instances); do
		case $i in
		h1:*) [ "$(live_version "$i")" = 3.0.0 ] || fail "$i was left out" ;;
		*) [ "$(live_version "$i")" = 1.0.0 ] || fail "$i was changed" ;;
		esac
	done
	expect_tidy
}

lab_start --hosts 2 --lbs 1 --ports "8080 8081" --srv "my srv"
run_case "several ports: first install" ports_install
run_case "several ports: canary" ports_canary
run_case "several ports: undo" ports_undo
run_case "several ports: --limit" limited_to_one_host
cases_end
