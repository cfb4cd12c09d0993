#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad and hostile input: refused before anything is touched, or harmless.
# shellcheck disable=SC2016 # $(...) is the playbook's, or an attack
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# refused CODE WORD ARGS...: that exit, that word in the message, no host touched.
refused() {
	local code=$1 word=$2
	shift 2
	expect_exit "$code" "$@"
	expect_err "$word"
	expect_nothing_installed
	[ -z "$(find "$SITE/hosts" -name owner)" ] || fail "a host was touched"
}

# edited SED-SCRIPT: canary.yaml with a change, as edited.yaml.
edited() {
	sed "$1" canary.yaml >edited.yaml
	cmp -s canary.yaml edited.yaml && fail "nothing edited: $1"
	return 0
}

playbook_errors() {
	fresh
	edited 's/maxUnavailable/maxUnavailble/'
	refused 2 "did you mean 'maxUnavailable'" run edited.yaml --set version=2.0.0 -y
	edited 's/setWeight: 25%/setWeight: 25/'
	refused 2 'edited.yaml:[0-9]*:[0-9]*: error' validate edited.yaml
	edited 's/minHealthyTime: [0-9a-z]*/minHealthyTime: 9m/'
	refused 2 'error' run edited.yaml --set version=2.0.0 -y
	refused 2 'version' run canary.yaml -y
	refused 2 'version' run canary.yaml --set versoin=2.0.0 -y
}

unknown_names() {
	edited 's/hosts: shop/hosts: shp/'
	refused 2 "shop" run edited.yaml --set version=2.0.0 -y
	refused 2 "h1" run canary.yaml --set version=2.0.0 --limit h9 -y
	edited 's/backend: be_shop/backend: be_shpo/'
	refused 2 be_shop run edited.yaml --set version=2.0.0 -y
	edited 's/use: edge/use: egde/'
	refused 2 edge run edited.yaml --set version=2.0.0 -y
	refused 2 promote promte
	refused 2 . show 77
	refused 2 . run missing.yaml -y
}

artifacts() {
	refused 2 9.9.9 run canary.yaml --set version=9.9.9 -y
	edited 's/    version: .*/&\n    sha256: 00000000000000000000000000000000000000000000000000000000deadbeef/'
	refused 2 deadbeef run edited.yaml --set version=2.0.0 -y
	printf 'not an archive' >artifacts/shop-6.6.6.tgz
	refused 2 . run canary.yaml --set version=6.6.6 -y
	mkdir -p "$T/evil" && printf x >"$T/evil/x"
	tar -C "$T/evil" -czf artifacts/shop-6.6.7.tgz --transform 's,x,../../escaped,' -P x
	refused 2 'escaped' run canary.yaml --set version=6.6.7 -y
}

# What run cannot carry out yet is refused by name.
later() {
	edited 's/      - setWeight: 50%/      - analysis: golden/'
	printf 'analyses: { golden: { interval: 1s, count: 1, failureLimit: 0, metrics: [] } }\n' >>edited.yaml
	refused 2 analys run edited.yaml --set version=2.0.0 -y
}

# A word that a shell would love, in a variable, in the environment and in a command.
metacharacters() {
	local evil='a b$(touch /tmp/sluice-owned);`id`"'"'"'&|>x * \\ ~ #'
	rm -f /tmp/sluice-owned
	sed -e "s|^vars: .*|vars: { version: required, word: required }|" \
		-e "s|log: |env: { WORD: \$(word) }, log: |" \
		-e 's|^    steps:|&\n      - run: { name: say, hosts: local, command: printf %s $(word) > said-here }\n      - run: { name: say-there, hosts: shop, command: printf %s $(word) > ../../said-there }|' \
		canary.yaml >evil.yaml
	fresh 1.0.0
	expect_exit 0 run evil.yaml --set version=2.0.0 --set "word=$evil" -y
	expect_versions 2.0.0
	[ ! -e /tmp/sluice-owned ] || fail "it was executed"
	[ "$(cat said-here)" = "$evil" ] || fail "said here: $(cat said-here)"
	grep -qz "^WORD=" "/proc/$(running_below "$SITE/hosts/h1" | head -n 1)/environ" || fail "no WORD in the environment"
	[ "$(tr '\0' '\n' <"/proc/$(running_below "$SITE/hosts/h1" | head -n 1)/environ" | sed -n 's/^WORD=//p')" = "$evil" ] ||
		fail "another WORD in the environment"
	[ "$(cat "$(find "$SITE/hosts/h1" -name said-there)")" = "$evil" ] || fail "said there: something else"
	expect_exit 2 run canary.yaml --set 'version=$(reboot)' -y
	expect_exit 2 run canary.yaml --set 'version=../../etc' -y
	expect_tidy
}

bad_host_names() {
	fresh
	sed 's/hosts: \["h\[1:2\]"\]/hosts: ["-oProxyCommand=touch${IFS}owned"]/' inventory.yaml >bad.yaml
	refused 2 . run canary.yaml --set version=2.0.0 --inventory bad.yaml -y
	[ ! -e owned ] || fail "it was executed"
	sed 's/address: [0-9.]*\(.*\)$/address: "-oProxyCommand=touch owned"\1/' inventory.yaml >bad.yaml
	refused 2 . run canary.yaml --set version=2.0.0 --inventory bad.yaml -y
	[ ! -e owned ] || fail "it was executed"
}

no_question_without_terminal() {
	refused 2 [-]y run canary.yaml --set version=2.0.0
}

# A host whose shell talks before it listens: its words are noise.
noisy_host() {
	local at=$SITE/hosts/h1/home
	fresh
	printf 'printf "\\033]0;owned\\007 end=0 error=held\\n"; head -c 200000 /dev/zero | tr "\\0" x; echo\n' >"$at/.bashrc"
	cp "$at/.bashrc" "$at/.profile"
	expect_exit 0 run install.yaml --set version=1.0.0 -y
	expect_versions 1.0.0
	! grep -qa "$(printf '\033')" "$T/err" || fail "escape sequences came through"
	expect_tidy
}

lab_start --hosts 2 --lbs 1
run_case "playbook errors: exit 2, nothing contacted" playbook_errors
run_case "unknown names: exit 2 with near matches" unknown_names
run_case "artifacts: missing, wrong digest, broken, escaping" artifacts
run_case "what comes later is refused by name" later
run_case "shell metacharacters in a variable are harmless" metacharacters
run_case "host names that start with a dash" bad_host_names
run_case "no terminal, no -y: exit 2 naming the flag" no_question_without_terminal
run_case "a host whose shell talks" noisy_host
cases_end
