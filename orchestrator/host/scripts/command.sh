# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# A command of the playbook's author. With a step it is run at most once: began, command, rc, in a
# worker that outlives this session. Without one it is a question, asked in place.

sl_id=$a_sluice/steps/${a_run:+$a_run-}$a_step

command_worker() {
	{ command exec 8>>"$sl_id.lock"; } 2>/dev/null || sl_unwritten "$sl_id.lock"
	flock 8
	if [ -n "$a_run" ]; then sl_fence; else sl_lock; fi
	sl_step_load
	case $sl_state:$a_again in
	none:* | unknown:yes) ;;
	# Another worker was quicker: what it left is the answer.
	*) exit 0 ;;
	esac
	rm -f -- "$sl_id.child"
	sl_identity 2>/dev/null >"$sl_id.began.new" || sl_unwritten "$sl_id.began"
	sl_try mv -T -- "$sl_id.began.new" "$sl_id.began"
	# This text has been read, and it holds secrets. A second worker that finds it gone finds the
	# began file instead.
	rm -f -- "$0"
	sl_unlock

	sl_user "$a_timeout" "$a_cwd" "$a_command" "$a_env" "$sl_id.child" >"$sl_id.out" 2>&1
	state="done"
	[ -z "$sl_late" ] || state=timeout
	printf 'state=%s\nrc=%s\n' $state "$sl_rc" >"$sl_id.rc.new" || sl_unwritten "$sl_id.rc"
	mv -T -- "$sl_id.rc.new" "$sl_id.rc"
	exit 0
}

command_answer() {
	sl_answer_rc "$sl_id.rc"
	sl_answer_tail "$sl_id.out"
	sl_end 0
}

command_unknown() {
	sl_answer state unknown
	sl_answer_tail "$sl_id.out"
	sl_end 0
}

command_caller() {
	sl_check_name step "$a_step"
	# Without a run there may be no claim that made the folder.
	if [ -n "$a_run" ]; then
		sl_fence
	else
		[ -d "$a_sluice/steps" ] || (umask 077 && sl_try mkdir -p -- "$a_sluice/steps") || exit
		sl_lock
	fi
	sl_step_load
	if [ "$sl_state" = running ]; then
		sl_wait_step
		[ "$sl_state" = "done" ] || sl_lock
	fi
	[ "$sl_state" != "done" ] || command_answer
	[ "$sl_state" != unknown ] || [ "$a_again" = yes ] || command_unknown
	[ -d "$a_cwd" ] || sl_fail missing "there is no folder $a_cwd"
	sl_detach sluice run epoch step again timeout cwd command env
	[ "$sl_state" != none ] || [ -f "$sl_id.rc" ] ||
		sl_fail failed "the step was killed on the host before it began"
	[ -f "$sl_id.rc" ] || command_unknown
	command_answer
}

command_question() {
	[ -z "$a_run" ] || sl_fence
	[ -z "$a_run" ] || sl_unlock
	[ -d "$a_cwd" ] || sl_fail missing "there is no folder $a_cwd"
	out=$({
		sl_user "$a_timeout" "$a_cwd" "$a_command" "$a_env" 2>&1
		printf '\n%s %s' "$sl_rc" "$sl_late"
	} | tail -c 16400)
	ended=${out##*"$sl_nl"}
	out=${out%"$sl_nl"*}
	if [ "${ended#* }" = yes ]; then sl_answer state timeout; else sl_answer state "done"; fi
	sl_answer rc "${ended%% *}"
	printf %s%s= "$sl_pre" tail
	printf %s "$out" | tail -n 50 | tail -c 16384 | sl_enc_all
	printf '\n'
	sl_end 0
}

if [ "${1-}" = worker ]; then
	command_worker
elif [ -n "$a_step" ]; then
	command_caller
else
	command_question
fi
