# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# The probe of a swap: what became of the step, and what is live at the link.

sl_check_name link "$a_link"
sl_state=none
if [ -n "$a_step" ]; then
	sl_check_name step "$a_step"
	sl_id=$a_sluice/steps/${a_run:+$a_run-}$a_step
	sl_step_load
fi

# While another step's worker acts on the instance nothing that could be said about it would stay
# true: an undo that comes too early would find the old release alive, and be content.
lock=$a_sluice/instances/$a_link.lock
if [ "$sl_state" != running ] && [ -f "$lock" ] && { command exec 8<"$lock"; } 2>/dev/null; then
	until flock -n 8; do sl_nap; done
	exec 8<&-
fi

sl_answer state "$sl_state"
if [ "$sl_state" = "done" ]; then
	while IFS= read -r line; do
		case $line in rc=* | message=* | tail=*) printf '%s%s\n' "$sl_pre" "$line" ;; esac
	done <"$sl_id.rc"
fi
sl_link_load "$a_link"
sl_answer target "$t_target"
sl_answer kind "$t_kind"
if [ -n "$t_target" ]; then
	sl_folder_of "$t_target"
	! sl_marker_load "$sl_folder" || sl_answer digest "$m_digest"
fi
sl_instance_up "$a_link"
sl_answer spec "$p_spec"
sl_answer alive "$sl_up"
if [ "$sl_up" = yes ]; then
	[ -z "$p_pid" ] || sl_answer pid "$p_pid"
	sl_answer running "$p_release"
elif sl_exit_load; then
	sl_answer exit "$sl_exit"
fi
[ -z "$sl_why" ] || sl_answer message "$sl_why"
sl_end 0
