# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A person at a terminal, for those who source this behind lib.sh.

PERSON=$BUILD/tests/screens/person/person
[ -x "$PERSON" ] || die "no $PERSON: make everything"

FIRST='carries shop' # what the selected host says of itself

# person WORDS...: what is done in the console, which is started from an interactive shell and left
# for it again.
person() {
	printf '%s\n' "person: $*" >"$T/command"
	cat >"$T/rc" <<-END
		PS1='here> '
		alias console='$BUILD/sluice-console hosts -i $INV'
	END
	"$PERSON" 120x36 'wait:here>' "text:stty -g >$T/before" enter text:console enter \
		"wait:$FIRST" other "$@" text:q own \
		"text:rc=\$?; stty -g >$T/after; exit \$rc" enter exit:0 -- "$(command -v bash)" --noprofile --rcfile "$T/rc" -i \
		2>&1 | grep . >"$T/err"
	[ "${PIPESTATUS[0]}" = 0 ] || fail "the person sees something else"
	[ -s "$T/before" ] || fail "there was no terminal"
	cmp -s "$T/before" "$T/after" || fail "the terminal is not as it was"
}

# shellcheck disable=SC2034 # for those who source this
# A word that is to be seen is not typed in one piece: what is typed is seen too. And a shell that
# edits lines has the terminal to itself until its command begins.
ENTERED=(text:S own "text:PS1='the''re> '" enter 'wait:there>')
# shellcheck disable=SC2034
WRITE=(text:w wait:reason text:OPS-7 enter wait:WRITE)
