#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The runners themselves: a file that shows nothing is a failure.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# run_script CODE: what $T/script.sh says, run as a test file.
run_script() {
	local rc
	printf '. "%s/system/lib.sh"\n%s\n' "$TESTS" "$(cat)" >"$T/script.sh"
	CASE_FILTER='' "$TESTS/run-system" "$T/script.sh" >"$T/out" 2>"$T/err"
	rc=$?
	[ "$rc" = "$1" ] || fail "the runner ended with $rc, expected $1: $(cat "$T/out")"
}

files_that_show_nothing() {
	run_script 1 <<<'yes_it_runs() { true; }; cases_end'
	expect_out 'script: not ok - the file ran no case'
	run_script 1 <<<'exit 0'
	expect_out 'script: not ok - the file ran no case'
	run_script 1 <<<'skip_case "all of it" "a thing"'
	expect_out 'script: skip - all of it: a thing'
	expect_out '^0 passed, 0 failed'
	run_script 1 <<<'run_case "it holds" true; exit 7'
	expect_out 'script: not ok - the file itself ended with 7'
	run_script 1 <<<'run_case "it does not" false; run_case "it holds" true'
	expect_out '^1 passed, 1 failed'
	run_script 0 <<<'run_case "it holds" true; cases_end'
	expect_out '^1 passed, 0 failed'
}

# One file that shows nothing beside one that does.
a_silent_file_among_others() {
	local rc
	mkdir -p "$T/files"
	printf 'exit 0\n' >"$T/files/silent.sh"
	printf '. "%s/system/lib.sh"\nrun_case "it holds" true\ncases_end\n' "$TESTS" >"$T/files/loud.sh"
	CASE_FILTER='' "$TESTS/run-system" "$T/files" >"$T/out" 2>"$T/err"
	rc=$?
	[ "$rc" = 1 ] || fail "the runner ended with $rc"
	expect_out 'silent: not ok - the file ran no case'
	expect_out '^1 passed, 1 failed'
}

# A library that is taken for a test file says so.
libraries_are_no_tests() {
	CASE_FILTER='' "$TESTS/run-system" "$TESTS/system/etcd.sh" >"$T/out" 2>"$T/err" &&
		fail "etcd.sh passes as a test"
	expect_out 'etcd: not ok - the file ran no case'
}

programs_that_show_nothing() {
	mkdir -p "$T/b/tests/unit/room"
	printf '#!/bin/sh\necho "[  PASSED  ] %s test(s)."\n' 0 >"$T/b/tests/unit/room/none"
	printf '#!/bin/sh\nexit 0\n' >"$T/b/tests/unit/room/silent"
	printf '#!/bin/sh\necho "[  PASSED  ] %s test(s)."\n' 3 >"$T/b/tests/unit/room/some"
	chmod +x "$T"/b/tests/unit/room/*
	for name in none silent; do
		"$TESTS/run-unit" "$T/b/tests/unit/room/$name" >"$T/out" 2>"$T/err" && fail "$name passes"
		expect_out 'it ran no test'
		expect_out '^0 passed, 1 failed'
	done
	"$TESTS/run-unit" "$T/b/tests/unit/room/some" >"$T/out" 2>"$T/err" || fail "one that passes fails"
	expect_out '^3 passed, 0 failed'
}

run_case "a test file that shows nothing is a failure" files_that_show_nothing
run_case "and stays one among others" a_silent_file_among_others
run_case "a library of the tests is no test" libraries_are_no_tests
run_case "a unit program that shows nothing is a failure" programs_that_show_nothing
cases_end
