# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# What became of a command's step.

sl_check_name step "$a_step"
sl_id=$a_sluice/steps/${a_run:+$a_run-}$a_step
sl_step_load
if [ "$sl_state" = "done" ]; then
	sl_answer_rc "$sl_id.rc"
else
	sl_answer state "$sl_state"
fi
[ "$sl_state" = none ] || sl_answer_tail "$sl_id.out"
sl_end 0
