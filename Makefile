# SPDX-License-Identifier: Apache-2.0
# make            build everything, runnable in place (build/sluice)
# make deps       install the Debian packages that building and testing need (root or sudo)
# make demo       a live canary on this machine (BAD=1: a rollback, KILL=1: crash and resume,
#                 CONSOLE=1: a chain of services with all backends, and the console on it)
# make check      unit, system and fault tests
# make asan       all but the fault and hostile tests again, under AddressSanitizer and UndefinedBehaviorSanitizer
# make conform    SERVICE_CENTER=URL KIE=URL [TOKEN= CA=FILE]: are those servers as our fakes say?
# make bench      the console beside btop and htop in pseudo terminals, as a table of ratios
# make fuzz       coverage-guided fuzzing of the parsers (clang; FUZZ_SECONDS=60)
# make peers      real servers to test against that Debian lacks (by Maven, cached outside the tree)
# make lint       formatting, static analysis, shell, manual pages, floors
# make install    DESTDIR= PREFIX=/usr/local;  make uninstall;  make clean
# V=1 shows commands; B=DIR builds elsewhere.

CC      ?= cc
PREFIX  ?= /usr/local
DESTDIR ?=
B       ?= build
V       ?= 0
VERSION := 0.1.0

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-5s %s\n' $(1) $(2))

PKGS := libuv libcurl libcjson libssh2 libfyaml sqlite3 libarchive libutf8proc libcrypto \
        libssl libwebsockets
# Asked once, when first needed: `make deps demo` asks after deps has installed them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
ALL_LIBS   = $(eval ALL_LIBS := $$(shell pkg-config --libs $(PKGS)))$(ALL_LIBS)
# Those that are loaded when first called (plugins/sdk/lazy.h), and what they alone bring, are not linked.
LAZY_LIBRARIES := archive ssh2 websockets ssl crypto
PKG_LIBS   = $(filter-out $(LAZY_LIBRARIES:%=-l%) -lcap,$(ALL_LIBS))

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral
HARDEN  := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
OPT     ?= -O2 -g
CFLAGS  ?= $(OPT) $(HARDEN)
STD     := -std=c17 -D_GNU_SOURCE -I. -I$(B)/gen -fPIC -fvisibility=hidden
STD     += -DSLUICE_VERSION='"$(VERSION)"'
LDFLAGS ?= -Wl,-z,relro,-z,now -Wl,--as-needed
WERROR  ?=
ALL_CFLAGS = $(STD) $(WARN) $(WERROR) $(PKG_CFLAGS) $(MORE_CFLAGS) $(CFLAGS)

# --- rooms: one archive each, named after its folder ---
ROOMS := plugins/sdk plugins/host orchestrator/playbook orchestrator/host orchestrator/state \
         orchestrator/release orchestrator/inventory orchestrator/plan orchestrator/run \
         orchestrator/view orchestrator/commands console/views console
src   = $(sort $(wildcard $(1)/*.c))
objs  = $(patsubst %.c,$(B)/%.o,$(call src,$(1)))
ar    = $(B)/lib/$(subst /,-,$(1)).a

PRODUCTS := $(filter-out sdk host,$(patsubst plugins/%/,%,$(dir $(wildcard plugins/*/*.c))))
PRODUCTS := $(sort $(PRODUCTS))
PLUGINS  := $(foreach p,$(PRODUCTS),$(B)/plugins/$(p).so)

.PHONY: peers all demo check unit replay system faults asan lint install uninstall clean deps fuzz bench
all: $(B)/sluice $(B)/sluice-console $(PLUGINS) lab

# What each room's tests link, from the top down.
LINK_plugins-sdk           := plugins/sdk
LINK_plugins-host          := plugins/host plugins/sdk
LINK_orchestrator-playbook := orchestrator/playbook plugins/sdk
LINK_orchestrator-host     := orchestrator/host plugins/sdk
LINK_orchestrator-state    := orchestrator/state plugins/sdk
LINK_orchestrator-release  := orchestrator/release plugins/sdk
LINK_orchestrator-inventory := orchestrator/inventory orchestrator/playbook orchestrator/host \
                              orchestrator/state orchestrator/release plugins/sdk
LINK_orchestrator-plan     := orchestrator/plan $(LINK_orchestrator-inventory)
LINK_orchestrator-run      := orchestrator/run orchestrator/plan orchestrator/inventory \
                              orchestrator/playbook orchestrator/host orchestrator/state \
                              orchestrator/release plugins/host plugins/sdk
LINK_orchestrator-view := orchestrator/view $(LINK_orchestrator-run)
LINK_orchestrator-commands := orchestrator/commands orchestrator/view $(LINK_orchestrator-run)
LINK_console := console console/views $(LINK_orchestrator-commands)
link = $(foreach r,$(LINK_$(subst /,-,$(1))),$(call ar,$(r)))

define room
$$(call ar,$(1)): $$(call objs,$(1))
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

$(B)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Under which names the linker finds the libraries that are loaded late.
$(B)/gen/lazy_libraries.inc:
	@mkdir -p $(@D)
	$(Q)echo 'int none;' | $(CC) -shared -x c -o $@.so - -Wl,--no-as-needed $(ALL_LIBS)
	$(Q)for l in $(LAZY_LIBRARIES); do readelf -d $@.so | sed -n "s/.*NEEDED.*\[\(lib$$l\.so[^]]*\)\]/{\"$$l\", \"\1\"},/p"; \
		done > $@.tmp && rm $@.so && mv $@.tmp $@
$(B)/plugins/sdk/lazy.o: $(B)/gen/lazy_libraries.inc

# The host scripts become C strings.
SCRIPTS := $(sort $(wildcard orchestrator/host/scripts/*.sh))
$(B)/gen/host_scripts.inc: $(SCRIPTS) orchestrator/host/scripts/embed.awk
	@mkdir -p $(@D)
	$(Q)awk -f orchestrator/host/scripts/embed.awk $(SCRIPTS) > $@.tmp && mv $@.tmp $@
$(B)/orchestrator/host/remote.o: $(B)/gen/host_scripts.inc

$(B)/sluice: $(B)/orchestrator/main.o $(call link,orchestrator/commands)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(PKG_LIBS) -ldl -lpthread -lm

# --- the console; direct-colour terminals, which few systems describe, are carried along ---
CURSES_CFLAGS = $(eval CURSES_CFLAGS := $$(shell pkg-config --cflags ncursesw))$(CURSES_CFLAGS)
CURSES_LIBS   = $(eval CURSES_LIBS := $$(shell pkg-config --libs ncursesw))$(CURSES_LIBS)
$(B)/gen/console_terminfo.inc: console/direct.ti
	@mkdir -p $(@D)/terminfo
	$(Q)tic -x -o $(@D)/terminfo $<
	$(Q)for n in xterm tmux; do printf 'static const char terminfo_%s[] = "%s";\n' $$n \
		"$$(infocmp -x -A $(@D)/terminfo -Q2 sluice-$$n | grep -v '^#' | tr -d '\n')"; \
		done > $@.tmp && mv $@.tmp $@
$(B)/console/term.o: $(B)/gen/console_terminfo.inc
$(B)/console/term.o $(B)/console/draw.o: MORE_CFLAGS = $(CURSES_CFLAGS)
$(B)/sluice-console: $(call link,console)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group \
		$(PKG_LIBS) $(CURSES_LIBS) -ldl -lpthread -lm

define product
$$(B)/plugins/$(1).so: $$(call objs,plugins/$(1)) $$(call ar,plugins/sdk)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -shared $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(call ar,plugins/sdk) \
		$$(PKG_LIBS)
endef
$(foreach p,$(PRODUCTS),$(eval $(call product,$(p))))

# --- the lab: the small service, its client, fakes ---
# The tests' tools are not under test: they are built without sanitizers.
LAB_CFLAGS ?= -O2 -g
LAB_PROGS := $(patsubst tests/lab/src/%.c,$(B)/lab/%,$(wildcard tests/lab/src/*.c))
.PHONY: lab
lab: $(LAB_PROGS)
$(addprefix $(B)/lab/,fakesc fakekie rogue shop client registrar): LAB_LIBS := -lcjson
$(B)/lab/tlsd: LAB_LIBS := -lssl -lcrypto
$(B)/lab/%: tests/lab/src/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(WERROR) $(LAB_CFLAGS) -MMD -MP -o $@ $< $(LAB_LIBS) -lpthread

# --- conform: recorded conversations with real servers, replayed ---
CONFORM_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/peers/conform/*.c))
$(B)/conform: $(CONFORM_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $^ -lcurl -lcjson -lpthread
.PHONY: conform conform-fakes
conform: export SERVICE_CENTER := $(SERVICE_CENTER)
conform: export KIE := $(KIE)
conform: export TOKEN := $(TOKEN)
conform: export ROOT_PASSWORD := $(ROOT_PASSWORD)
conform: export CA := $(CA)
conform: $(B)/conform $(B)/plugins/serviceCenter.so $(B)/plugins/kie.so \
		$(B)/tests/unit/plugins-host/servicecenter $(B)/tests/unit/plugins-host/kie
	$(Q)tests/peers/conform.sh $(B)
conform-fakes: $(B)/conform lab
	$(Q)tests/peers/conform.sh $(B) fakes

# --- tests: tests/unit/<room with - for />/NAME.c, one cmocka program each ---
UNIT_SRC  := $(sort $(wildcard tests/unit/*/*.c))
UNIT_BIN  := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(UNIT_SRC))
unit_room  = $(patsubst tests/unit/%/,%,$(dir $(1)))
define unit
$$(patsubst tests/unit/%.c,$$(B)/tests/unit/%,$(1)): $$(B)/$$(patsubst %.c,%.o,$(1)) \
		$$(foreach r,$$(LINK_$$(call unit_room,$(1))),$$(call ar,$$(r)))
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -pie $$(LDFLAGS) -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) \
		-Wl,--end-group $$(ALL_LIBS) $$(if $$(filter console,$$(call unit_room,$(1))),$$(CURSES_LIBS)) \
		-lcmocka -ldl -lpthread -lm
endef
$(foreach t,$(UNIT_SRC),$(eval $(call unit,$(t))))

unit: $(UNIT_BIN) $(PLUGINS) lab
	$(Q)tests/run-unit $(UNIT_BIN)

# --- screens: the real console in a pseudo terminal, held against golden text ---
SCREENS_SRC := $(sort $(wildcard tests/screens/*.c))
SCREENS_PLUGINS := $(patsubst tests/screens/plugin/%.c,$(B)/tests/screens/plugins/%.so,\
                      $(wildcard tests/screens/plugin/*.c))
$(B)/tests/screens/plugins/%.so: $(B)/tests/screens/plugin/%.o $(call ar,plugins/sdk)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -shared $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm
$(B)/tests/screens/run: $(patsubst %.c,$(B)/%.o,$(SCREENS_SRC)) $(call link,orchestrator-run)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group \
		$(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) -lvterm -lutil -lcmocka -ldl -lpthread -lm
# hosts, by an ssh program of their own
$(B)/tests/screens/hosts/run: $(B)/tests/screens/hosts/hosts.o $(patsubst %,$(B)/tests/screens/%.o,golden pty svg data) \
		$(call link,orchestrator-run)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group \
		$(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) -lvterm -lutil -lcmocka -ldl -lpthread -lm
# and a person at one, for tests in shell
$(B)/tests/screens/person/person: $(patsubst %,$(B)/tests/screens/%.o,person/person pty svg) $(call ar,plugins/sdk)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lvterm -lutil -lcmocka -lm
.PHONY: screens pictures
screens: all $(B)/tests/screens/run $(B)/tests/screens/hosts/run $(SCREENS_PLUGINS)
	$(Q)for run in run hosts/run; do \
		SLUICE_CONSOLE=$(abspath $(B))/sluice-console SLUICE_PLUGINS=$(abspath $(B))/tests/screens/plugins \
		$(B)/tests/screens/$$run || exit; done
pictures: all $(B)/tests/screens/run $(SCREENS_PLUGINS)
	$(Q)SLUICE_CONSOLE=$(abspath $(B))/sluice-console SLUICE_PLUGINS=$(abspath $(B))/tests/screens/plugins \
		SVG=man $(B)/tests/screens/run

# --- bench: beside public tools, in one run; its table is no test ---
BENCH_PROGS := $(patsubst %,$(B)/tests/bench/%,driver feed sleepers)
BENCH_OBJS  := $(patsubst %,$(B)/tests/bench/%.o,bench counts proc table tools) \
               $(B)/tests/screens/pty.o $(B)/tests/screens/svg.o $(B)/tests/peers/conform/wire.o
$(B)/tests/bench/driver: $(BENCH_OBJS) $(call ar,plugins/sdk)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lvterm -lutil -lcmocka -lm
$(B)/tests/bench/feed: $(B)/tests/bench/feed.o $(call ar,plugins/sdk)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $^ $(PKG_LIBS)
$(B)/tests/bench/sleepers: $(B)/tests/bench/sleepers.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $^
bench: all lab $(BENCH_PROGS)
	$(Q)tests/bench/run $(B)

# --- hostile: the console and `get` against a server that no client deserves ---
HOSTILE_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/hostile/*.c)) $(B)/tests/screens/pty.o $(B)/tests/screens/svg.o
$(B)/tests/hostile/run: $(HOSTILE_OBJS) $(call ar,plugins/sdk)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $(HOSTILE_OBJS) $(call ar,plugins/sdk) \
		$(PKG_LIBS) -lvterm -lutil -lcmocka -lpthread -lm
.PHONY: hostile
hostile: all $(B)/tests/hostile/run
	$(Q)SLUICE_BUILD=$(abspath $(B)) $(B)/tests/hostile/run

# All that the tests need, so that it can be built side by side before they run.
everything: all lab $(BENCH_PROGS) $(UNIT_BIN) $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/*.c)) \
		$(B)/tests/screens/run $(B)/tests/screens/hosts/run $(B)/tests/screens/person/person \
		$(SCREENS_PLUGINS) $(B)/tests/hostile/run
.PHONY: everything
check: peers-said all unit conform-fakes replay screens hostile system faults
.PHONY: peers-said
peers-said:
	@tests/peers/start -t zipkin || echo "peers: going on without; those tests skip"

# --- fuzz: each parser; `replay` runs changed copies of known inputs, the same ones every time ---
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZ_BIN := $(patsubst %.c,$(B)/%,$(FUZZ_SRC))
FUZZ_SECONDS ?= 60
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(call link,orchestrator/view)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
		-Wl,--end-group $(PKG_LIBS) -ldl -lpthread -lm
# What plugins read of answers, without the plugins around it.
$(B)/tests/fuzz/answers: $(patsubst %,$(B)/plugins/%.o,etcd/reply etcd/layout etcd/instance haproxy/parse haproxy/rows kie/key \
		prometheus/result serviceCenter/rows zipkin/reply zipkin/texts zipkin/query)
# What a target begins with.
FUZZ_SEEDS_playbook := playbooks/examples/*.yaml
FUZZ_SEEDS_answers  := tests/fuzz/answers/*
seeds = $(FUZZ_SEEDS_$(notdir $(1)))
replay: $(FUZZ_BIN)
	$(Q)$(foreach f,$(FUZZ_BIN),$(f) -n 3000 $(call seeds,$(f)) &&) :
fuzz:
	$(Q)$(MAKE) CC=clang B=build-fuzz HARDEN= LDFLAGS="-fsanitize=fuzzer,address,undefined" \
		CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -DSLUICE_LIBFUZZER" \
		$(patsubst %.c,build-fuzz/%,$(FUZZ_SRC))
	$(Q)$(foreach f,$(patsubst %.c,build-fuzz/%,$(FUZZ_SRC)),mkdir -p $(f).corpus && \
		cp $(call seeds,$(f)) $(f).corpus/ && \
		$(f) -max_total_time=$(FUZZ_SECONDS) $(f).corpus &&) :

system: all $(B)/tests/screens/person/person $(B)/conform $(B)/tests/unit/plugins-host/servicecenter \
		$(B)/tests/unit/plugins-host/kie
	$(Q)SLUICE=$(abspath $(B))/sluice tests/run-system tests/system
faults: all
	$(Q)SLUICE=$(abspath $(B))/sluice tests/run-system tests/faults

demo: all
	$(Q)SLUICE=$(abspath $(B))/sluice tests/lab/demo

SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
ASAN_MAKE = SLUICE_TEST_TIMEOUT=600 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 \
	LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	$(MAKE) B=build-asan HARDEN= LDFLAGS="$(SAN)" WERROR=-Werror \
	CFLAGS="-O1 -g -fno-omit-frame-pointer $(SAN)"
# Not the fault tests: the table of kills alone takes more than seven minutes under the sanitizers. Of
# the hostile ones not those in_time: they hold answers of millions of values, and TLS, against
# the product's own deadlines of seconds, which instrumented parsers on a busy machine do not meet.
asan:
	$(Q)$(ASAN_MAKE) -j2 everything
	$(Q)$(ASAN_MAKE) unit conform-fakes replay screens system
	$(Q)SKIP='test_in_time_*' $(ASAN_MAKE) hostile

# --- lint ---
C_FILES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
SHELL_FILES := $(shell git ls-files 'tests/*.sh' tests/run-unit tests/run-system tests/lab/lab \
                tests/lab/demo tests/bench/run .ci/run tests/check-floors tests/peers/get tests/peers/start 2>/dev/null)
lint:
	$(call say,LINT,formatting)
	$(Q)clang-format --dry-run -Werror $(C_FILES)
	$(call say,LINT,floors)
	$(Q)tests/check-floors
	$(call say,LINT,shell)
	$(Q)shellcheck -x $(SHELL_FILES)
	$(Q)shellcheck -s sh $(SCRIPTS)
	$(call say,LINT,manual)
	$(Q)for page in man/*.[1-8]; do mandoc -Tlint -W warning $$page || exit 1; done
	$(call say,LINT,cppcheck)
	$(Q)cppcheck --quiet --std=c17 --enable=warning,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingInclude --library=tests/cppcheck.cfg -I. -j2 orchestrator plugins

# --- install ---
ABI_HEADERS := plugin.h error.h http.h stream.h tls.h websocket.h
MAN1 := $(wildcard man/*.1)
MAN3 := $(wildcard man/*.3)
MAN5 := $(wildcard man/*.5)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/sluice/plugins \
		$(DESTDIR)$(PREFIX)/include/plugins/sdk $(DESTDIR)$(PREFIX)/share/sluice/playbooks \
		$(foreach n,1 3 5,$(DESTDIR)$(PREFIX)/share/man/man$(n))
	install -m 755 $(B)/sluice $(B)/sluice-console $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(PLUGINS) $(DESTDIR)$(PREFIX)/lib/sluice/plugins/
	install -m 644 $(addprefix plugins/sdk/,$(ABI_HEADERS)) \
		$(DESTDIR)$(PREFIX)/include/plugins/sdk/
	install -m 644 playbooks/examples/*.yaml $(DESTDIR)$(PREFIX)/share/sluice/playbooks/
	install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(MAN3) $(DESTDIR)$(PREFIX)/share/man/man3/
	install -m 644 $(MAN5) $(DESTDIR)$(PREFIX)/share/man/man5/
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,sluice sluice-console) $(addprefix $(DESTDIR)$(PREFIX)/share/man/,\
		$(addprefix man1/,$(notdir $(MAN1))) $(addprefix man3/,$(notdir $(MAN3))) \
		$(addprefix man5/,$(notdir $(MAN5))))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/include/plugins/sdk/,$(ABI_HEADERS))
	rm -rf $(DESTDIR)$(PREFIX)/lib/sluice $(DESTDIR)$(PREFIX)/share/sluice

# --- what Debian 12 must have ---
BUILD_DEPS := gcc pkg-config libuv1-dev libcurl4-openssl-dev libcjson-dev libssh2-1-dev libfyaml-dev \
              libsqlite3-dev libarchive-dev libutf8proc-dev libssl-dev uthash-dev libncurses-dev \
              libwebsockets-dev libwebsockets-evlib-uv
TEST_DEPS  := libcmocka-dev libvterm-dev openssh-server openssh-client haproxy procps util-linux busybox git \
              etcd-server etcd-client prometheus curl
BENCH_DEPS := btop htop
LINT_DEPS  := clang-format cppcheck shellcheck mandoc
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
deps:
	@echo "installing: $(BUILD_DEPS) $(TEST_DEPS) $(BENCH_DEPS) $(LINT_DEPS)"
	$(SUDO) apt-get update
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		$(BUILD_DEPS) $(TEST_DEPS) $(BENCH_DEPS) $(LINT_DEPS)

# --- real servers that Debian does not have; without them their tests say that they skip ---
PEER_DEPS := maven default-jre-headless
peers:
	@command -v mvn >/dev/null && command -v java >/dev/null || { \
		echo "peers: needs the Debian packages $(PEER_DEPS)" >&2; exit 1; }
	$(Q)tests/peers/get zipkin

clean:
	rm -rf build build-*

-include $(shell find $(B) -name '*.d' 2>/dev/null)
