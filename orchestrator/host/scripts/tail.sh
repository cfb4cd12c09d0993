# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Why did it fail: the end of an instance's log, and how its process ended.

sl_check_name link "$a_link"
case $a_lines in '' | *[!0-9]* | ????*) a_lines=50 ;; esac
sl_proc_load "$a_link"
sl_answer_tail "${p_log:-$a_sluice/instances/$a_link.log}" "$a_lines"
! sl_exit_load || sl_answer exit "$sl_exit"
sl_end 0
