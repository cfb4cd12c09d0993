# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Give the claim back: the epoch stays, so that what is late keeps being refused.

[ -d "$a_sluice" ] || sl_end 0
sl_lock
! sl_owner_load || [ -n "$o_run" ] || sl_end 0
sl_fence
sl_owner_write "format=1${sl_nl}epoch=$o_epoch${sl_nl}run=$sl_nl" ''
sl_end 0
