# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# The claim is alive: written anew with the host's own clock. Parked claims do not lapse.

sl_fence
sl_owner_write "$o_rest" "$a_parked"
sl_end 0
