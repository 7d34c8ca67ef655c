# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets. T=name chooses tests, V=1 shows the commands, WERROR=1 makes warnings
# errors, CC=clang chooses the compiler, FLAVOUR=release|asan|tsan the flavour.
# Each flavour and compiler has its own folder below build/.

PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
LIBDIR     ?= $(PREFIX)/lib
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
FLAVOUR    ?= release
FUZZ       ?= wire
SECONDS    ?= 60
MINUTES    ?= 30
DEPS       ?= scripts/deps.sh
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3

MAKEFLAGS += -r --no-print-directory
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
NPROC := $(shell nproc)
# a -j of the caller's is kept, otherwise all cores are used
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(NPROC))
ifeq ($(V),1)
  Q :=
  SAY := @:
else
  Q := @
  SAY := @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-6s %s\n')
endif

# ---- compiler and flags

ifeq ($(origin CC),default)
  CC := $(if $(filter fuzz,$(FLAVOUR)),clang,gcc)
endif
COMPILER := $(if $(findstring clang,$(CC)),clang,gcc)
ifeq ($(origin AR),default)
  AR := $(if $(filter gcc,$(COMPILER)),gcc-ar,ar)
endif
BUILD := build/$(FLAVOUR)$(if $(filter-out fuzz,$(FLAVOUR)),$(if $(filter clang,$(COMPILER)),-clang))
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)

# root may build in somebody's checkout, which git would not look into; what it built would have another version
TAG := $(shell git -c safe.directory='$(CURDIR)' describe --tags --always --dirty --match 'v[0-9]*' 2>/dev/null)
RELEASE := $(or $(shell cat VERSION 2>/dev/null),0.1.0)
VERSION := $(if $(filter v%,$(TAG)),$(TAG:v%=%),$(RELEASE)$(addprefix +g,$(TAG)))

PKGS := libevent_core libevent_extra libevent_pthreads openssl ldns libcurl yaml-0.1 libidn2 libpsl zlib liblzma libzstd libsystemd sqlite3 jansson libpcre2-8 libpq
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
# libcsv has no file of pkg-config
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lcsv

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wredundant-decls -Wformat=2 -Wimplicit-fallthrough
# =5: by attribute only, as clang wants it; snprintf is there to truncate
WARN_gcc := -Wimplicit-fallthrough=5 -Wlogical-op -Wduplicated-cond -Walloca -Wno-format-truncation

HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=3 \
	$(if $(filter x86_64-% i386-% i686-%,$(MACHINE)),-fcf-protection) \
	$(if $(filter aarch64-%,$(MACHINE)),-mbranch-protection=standard)
# what a sanitizer says needs lines, not variables (CFLAGS=-g for a debugger), of which half the build's time is
SANITIZE := -O1 -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all
# gcc's flow warnings lose their way in instrumented code; release has them
NOISE_gcc := -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-truncation -Wno-tsan

FLAGS_release := -O2 -g $(HARDEN) $(if $(filter gcc,$(COMPILER)),-flto=auto)
FLAGS_asan := $(SANITIZE) -fsanitize=address,undefined $(NOISE_$(COMPILER))
# where ASan and UBSan watch, the tests themselves need no optimizer
TESTS_asan := -O0
# not to be moved, so that constant tables of pointers are constants: the lint reads these objects
FLAGS_tsan := $(SANITIZE) -fno-pie -fsanitize=thread $(NOISE_$(COMPILER))
FLAGS_fuzz := $(SANITIZE) -fsanitize=fuzzer-no-link,address,undefined
LINK_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack
# hundreds of programs of tests are linked, for which mold takes a fraction of the time, where there is one
MOLD := $(if $(shell command -v ld.mold),-fuse-ld=mold)
LINK_asan := $(MOLD)
LINK_tsan := -no-pie $(MOLD)
ifeq ($(origin FLAGS_$(FLAVOUR)),undefined)
  $(error FLAVOUR is one of release, asan, tsan, fuzz)
endif

CPP := -std=c17 -D_GNU_SOURCE -Iinclude -Isrc -DSINKHOLED_VERSION='"$(VERSION)"' $(PKG_CFLAGS)
COMPILE = $(CC) $(CPP) $(CPPFLAGS) -pthread $(FLAGS_$(FLAVOUR)) $(WARN) $(WARN_$(COMPILER)) \
	$(if $(WERROR),-Werror) $(CFLAGS)
LINK = $(CC) -pthread $(FLAGS_$(FLAVOUR)) $(CFLAGS) $(LINK_$(FLAVOUR)) -Wl,--as-needed $(LDFLAGS)

# ---- what is built from what

CTL     := $(sort $(wildcard src/tools/*.c))
SRCS    := $(filter-out $(CTL),$(sort $(wildcard src/*/*.c)))
HEADERS := $(sort $(wildcard include/*/*.h src/*/*.h))
CHECKED := $(wildcard $(SRCS) $(CTL) src/main.c)
OBJS    := $(SRCS:src/%.c=$(BUILD)/obj/%.o)
LIB     := $(BUILD)/libsinkholed.a
KIT     := $(BUILD)/libkit.a
UNITS   := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*/test_*.c))
# T=listline: the tests of that name, or else those whose names, as "line/listline", have it in them
chosen = $(foreach t,$(T),$(or $(filter %/test_$(t),$(1)),$(foreach u,$(1),$(if $(findstring $(t),$(u:$(BUILD)/tests/%=%) $(subst /test_,/,$(u))),$(u)))))
comma := ,
space := $(subst ,, )
ONLY = $(if $(strip $(T)),:$(subst $(space),$(comma),$(strip $(T))))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS   := $(patsubst tests/tools/%.c,$(BUILD)/%,$(wildcard tests/tools/*.c))
TESTOBJS := $(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$(wildcard tests/*/*.c tests/unit/*/*.c))

.PHONY: all run deps check test unit allocations replay functional tsan fuzz bench browser operation postgresql growth faults random killed soak soak-day lint rooms format install uninstall \
	clean help FORCE

all: ## build build/release/sinkholed
	+$(Q)$(MAKE) $(JOBS) daemon

.PHONY: daemon units fuzzers tools objects tidy
daemon: $(BUILD)/sinkholed $(BUILD)/sinkholectl
units: $(if $(T),$(call chosen,$(UNITS)),$(UNITS))
fuzzers: $(FUZZERS)
tools: $(TOOLS)
objects: $(CHECKED:src/%.c=$(BUILD)/obj/%.o)
daemon units fuzzers tools objects tidy:
	@:

# a stamp is rewritten only when what it holds has changed
stamp = mkdir -p $(@D) && { printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || \
	printf '%s\n' '$(subst ','\'',$(1))' >$@; }
# objects that were built with -Werror are as good without it
$(BUILD)/flags: FORCE
	@$(PKG_CONFIG) --print-errors --exists $(PKGS) || \
		{ echo "libraries are missing: 'make deps' installs them"; exit 1; }
	@$(if $(WERROR),,grep -qsxF -e '$(subst ','\'',$(FLAGLINE) -Werror)' $@ ||) \
		{ $(call stamp,$(FLAGLINE)$(if $(WERROR), -Werror)); }
$(BUILD)/version: FORCE
	@$(call stamp,$(VERSION))
$(BUILD)/objects: FORCE
	@$(call stamp,$(OBJS))
FLAGLINE = $(filter-out -Werror -DSINKHOLED_VERSION=%,$(COMPILE)) : $(LINK)

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	$(SAY) CC $@
	$(Q)mkdir -p $(@D) && $(COMPILE) -MMD -MP -c -o $@ $<
$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/flags
	$(SAY) CC $@
	$(Q)mkdir -p $(@D) && $(COMPILE) $(if $(filter-out tests/tools/%,$<),$(TESTS_$(FLAVOUR))) -Itests/unit \
		-Wno-unused-parameter -Wno-missing-prototypes -MMD -MP -c -o $@ $<
$(patsubst src/%.c,$(BUILD)/obj/%.o,$(shell grep -ls SINKHOLED_VERSION $(CHECKED))): $(BUILD)/version

# files of the page are put in by the assembler
$(BUILD)/obj/web/page.o: $(wildcard src/web/page/*)

$(LIB): $(OBJS) $(BUILD)/objects
	$(SAY) AR $@
	$(Q)rm -f $@ && $(AR) qcs $@ $(OBJS)
$(BUILD)/sinkholed: $(BUILD)/obj/main.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $^ $(PKG_LIBS)
# what speaks to the daemon has nothing of it
$(BUILD)/sinkholectl: $(CTL:src/%.c=$(BUILD)/obj/%.o)
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $^ $(PKG_LIBS)
# what the unit tests share: a test is linked with what it uses
$(KIT): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/unit/support/*.c))
	$(SAY) AR $@
	$(Q)rm -f $@ && $(AR) qcs $@ $^
$(UNITS): $(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(KIT) $(LIB)
	$(SAY) LINK $@
	$(Q)mkdir -p $(@D) && $(LINK) -Wl,--wrap=_cmocka_run_group_tests -o $@ $^ -lcmocka $(PKG_LIBS)
# libFuzzer brings its own main, elsewhere the corpus is replayed
REPLAY := $(if $(filter-out fuzz,$(FLAVOUR)),$(BUILD)/obj/tests/fuzz/replay.o)
$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(REPLAY) $(LIB)
	$(SAY) LINK $@
	$(Q)mkdir -p $(@D) && $(LINK) $(if $(REPLAY),,-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS)
$(TOOLS): $(BUILD)/%: $(BUILD)/obj/tests/tools/%.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $^ $(PKG_LIBS)

-include $(OBJS:.o=.d) $(BUILD)/obj/main.d $(CTL:src/%.c=$(BUILD)/obj/%.d) $(TESTOBJS:.o=.d)

# ---- running and testing

run: ## install what is missing, build, and serve on port 5300 from conf/sinkholed.yaml
	$(Q)$(DEPS) build
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon
	@command -v dig >/dev/null || echo "dig, to ask with, is missing: sudo apt-get install --no-install-recommends bind9-dnsutils"
	$(Q)exec build/release/sinkholed -c conf/sinkholed.yaml

deps: ## install the Debian packages that building and testing need
	$(Q)$(DEPS) build test

LINTS := layers circles symbols headers shape rooms format man selftest cppcheck tidy
# of the functional tests, those that take a few seconds and see most of the daemon
SMOKE := actions,cache,config,forward,lists,local,messages,reload,waledac
# built while the tests of the first flavour run
LATER := release tsan asan-clang
SECTIONS := $(LATER:%=build:%) unit:asan allocations:asan replay:asan unit:asan-clang unit:tsan \
	$(LINTS:%=lint:%) functional:release functional:asan
FLAVOURS := asan $(LATER)
PARTS_asan := units fuzzers daemon tools
PARTS_asan-clang := units
PARTS_tsan := units objects
PARTS_release := daemon tools

test: ## everything: unit tests under ASan, UBSan, TSan, replay, lint, functional tests
	$(Q)$(DEPS) build test
	+$(Q)$(MAKE) $(JOBS) -k WERROR=1 build-asan || { echo '0 passed, 1 failed, 0 skipped'; exit 1; }
	+$(Q)MAKE='$(MAKE)' scripts/run-tests.py $(SECTIONS)

.PHONY: $(FLAVOURS:%=build-%) $(LINTS:%=lint-%) lint-changed
$(FLAVOURS:%=build-%): build-%:
	+$(Q)$(MAKE) FLAVOUR=$(*:%-clang=%) CC=$(if $(filter %-clang,$*),clang,gcc) $(PARTS_$*)

# on their own these test the asan flavour, unless FLAVOUR and CC choose another
TESTED = $(if $(filter file,$(origin FLAVOUR)),asan,$(FLAVOUR))
TESTED_DIR = $(TESTED)$(if $(filter clang,$(COMPILER)),-clang)
runs = $(Q)scripts/run-tests.py $(1)

# of tests at random ten rounds each (ROUNDS=), where `make test` has hundreds
check: ## what to run each hour: unit tests under ASan, some functional ones, lint of what changed
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=asan CC=gcc WERROR=1 units daemon tools
	+$(Q)ROUNDS=$${ROUNDS:-10} MAKE='$(MAKE)' scripts/run-tests.py lint:changed lint:layers lint:shape unit:asan functional:asan:$(SMOKE)

unit: ## the unit tests under ASan and UBSan, or those of T=listline (FLAVOUR=, CC= for others)
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=$(TESTED) units
	$(call runs,unit:$(TESTED_DIR)$(ONLY))
allocations: ## tests of what reads, loads and decides, with an allocation failing, by each way to one (ALLOCATIONS=6 a test, 0: all in turn; TEST=part of a name)
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=asan units
	$(Q)ALLOCATIONS=$(or $(ALLOCATIONS),ways) scripts/run-tests.py allocations:asan$(ONLY)
replay: ## the committed fuzz corpora through the parsers, under ASan and UBSan
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=$(TESTED) fuzzers
	$(call runs,replay:$(TESTED_DIR))
functional: ## the real daemon with real clients and upstreams (T=reload, FLAVOUR=release)
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=$(TESTED) daemon tools
	$(call runs,functional:$(TESTED_DIR)$(ONLY))
tsan: ## unit and functional tests under TSan
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=tsan units daemon tools
	$(call runs,unit:tsan functional:tsan)

browser: ## the dashboard and the landing in headless Chromium, with axe-core (npm); pictures in build/browser
	$(Q)$(DEPS) build test browser
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=asan daemon
	$(Q)npm install --no-save --no-audit --no-fund --prefix build/browser axe-core@4 puppeteer-core@24
	$(Q)SINKHOLED=build/asan/sinkholed $(PYTHON) tests/browser/run.py build/browser/node_modules build/browser
	$(Q)$(PYTHON) tests/browser/landing.py build/asan/sinkholed build/browser/landing.png

operation: ## a real Prometheus and Alertmanager, what a scrape costs, a real journald, a client made of the API's file (npm)
	$(Q)$(DEPS) build test operation
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon
	$(Q)$(PYTHON) tests/operation/prometheus.py build/release/sinkholed
	$(Q)$(PYTHON) tests/operation/journald.py build/release/sinkholed
	$(Q)npm install --no-save --no-audit --no-fund --prefix build/operation openapi-typescript-codegen@0.29 esbuild@0.25
	$(Q)$(PYTHON) tests/operation/client.py build/operation/node_modules build/release/sinkholed

postgresql: ## a million hits into PostgreSQL, and twenty resolvers while it is killed (POSTGRESQL='--away 60')
	$(Q)$(DEPS) build test
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon tools
	$(Q)$(PYTHON) tests/operation/postgresql.py build/release $(POSTGRESQL)

bare: ## the README's commands in their order on a bare Debian 12 that it makes, as root (BARE=--no-tests)
	$(Q)$(DEPS) build bare
	$(Q)$(PYTHON) tests/operation/bare.py $(BARE)

fuzz: ## fuzz a parser with libFuzzer: FUZZ=wire SECONDS=60
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=fuzz build/fuzz/fuzz/fuzz_$(FUZZ)
	$(Q)mkdir -p build/fuzz/corpus/$(FUZZ) tests/fuzz/corpus/$(FUZZ)
	$(Q)build/fuzz/fuzz/fuzz_$(FUZZ) -max_total_time=$(SECONDS) -timeout=10 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/$(FUZZ)- $(addprefix -dict=,$(wildcard tests/fuzz/$(FUZZ).dict)) \
		build/fuzz/corpus/$(FUZZ) tests/fuzz/corpus/$(FUZZ)

bench: ## us and the peers, same list and load, in ratios (BENCH='--quick' and the like)
	$(Q)$(DEPS) build test bench
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon tools
	$(Q)SINKHOLED=build/release/sinkholed SINKHOLED_TOOLS=build/release \
		$(PYTHON) tests/bench/bench.py $(BENCH)

interop: ## random response policy zones, to BIND and to us (INTEROP='--zones 200'); clients that dnsdist names
	$(Q)$(DEPS) build test bench
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon
	$(Q)$(PYTHON) tests/interop/clients.py build/release/sinkholed
	$(Q)$(PYTHON) tests/interop/rpz_bind.py $(INTEROP) build/release/sinkholed

growth: ## instructions that hostile messages cost, by their length (valgrind)
	$(Q)$(DEPS) build test bench
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release tools
	$(Q)$(PYTHON) tests/bench/growth.py

faults: ## us and the peers while upstreams fail, seven minutes (FAULTS='--faults dead,loss', '--fairness')
	$(Q)$(DEPS) build test bench
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon
	$(Q)SINKHOLED=build/release/sinkholed $(PYTHON) tests/bench/faults.py $(FAULTS)

soak: ## hostile clients, a hostile upstream and reloads, under ASan and then TSan: MINUTES=30 each
	$(Q)$(DEPS) build test
	+$(Q)for flavour in asan tsan; do \
		$(MAKE) $(JOBS) FLAVOUR=$$flavour daemon && SINKHOLED=build/$$flavour/sinkholed \
		SINKHOLED_TOOLS=build/$$flavour setarch $(shell uname -m) -R $(PYTHON) tests/soak/hostile.py \
		--minutes $(MINUTES) || exit 1; done

random: ## mandatory lists under whatever happens, ROUNDS=10000 (SEED=1: as in an earlier run)
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon tools
	$(Q)ROUNDS=$(or $(ROUNDS),10000) SINKHOLED=build/release/sinkholed SINKHOLED_TOOLS=build/release \
		$(PYTHON) -m pytest -q -s -p no:cacheprovider -o faulthandler_timeout=0 \
		tests/functional/test_mandatory_random.py

killed: ## killed at each system call of a load: no mandatory name is lifted (KILLED='--at start swap')
	$(Q)$(DEPS) build test bench
	+$(Q)$(MAKE) $(JOBS) FLAVOUR=release daemon tools
	$(Q)SINKHOLED=build/release/sinkholed SINKHOLED_TOOLS=build/release $(PYTHON) tests/soak/killed.py $(KILLED)

soak-day: ## a day in miniature, under ASan and then TSan: MINUTES=30 each, as root
	$(Q)$(DEPS) build test
	+$(Q)for flavour in asan tsan; do \
		$(MAKE) $(JOBS) FLAVOUR=$$flavour daemon tools && SINKHOLED=build/$$flavour/sinkholed \
		SINKHOLED_TOOLS=build/$$flavour setarch $(shell uname -m) -R $(PYTHON) tests/soak/day.py \
		--minutes $(MINUTES) || exit 1; done

# ---- lint

lint: ## layers, circles, symbols, headers, shape, rooms, clang-format, man pages, cppcheck, clang-tidy
	+$(Q)MAKE='$(MAKE)' scripts/run-tests.py $(LINTS:%=lint:%)
# of the objects that the tests under TSan are linked with
lint-objects = +$(Q)$(MAKE) $(JOBS) FLAVOUR=tsan CC=gcc
C_FILES = $(CHECKED) $(HEADERS) $(wildcard tests/*/*.[ch] tests/unit/*/*.[ch])

lint-layers:
	$(Q)$(PYTHON) scripts/lint/layers.py
lint-circles:
	$(lint-objects) objects
	$(Q)$(PYTHON) scripts/lint/circles.py build/tsan/obj
lint-symbols:
	$(lint-objects) objects
	$(Q)$(PYTHON) scripts/lint/symbols.py build/tsan/obj
lint-headers:
	$(Q)scripts/lint/headers.sh $(CC) $(CPP) $(WARN) -- $(HEADERS)
lint-shape:
	$(Q)$(PYTHON) scripts/lint/shape.py
lint-rooms:
	$(Q)$(PYTHON) scripts/lint/rooms.py
lint-format:
	$(Q)clang-format --dry-run -Werror $(C_FILES)
# of the files that differ from the last commit, or from SINCE=main
SINCE ?= HEAD
CHANGED = $(sort $(wildcard $(shell git diff --name-only $(SINCE); git ls-files -o --exclude-standard)))
CHANGED_C = $(filter $(C_FILES),$(CHANGED))
lint-changed:
	$(if $(CHANGED_C),$(Q)clang-format --dry-run -Werror $(CHANGED_C))
	$(if $(filter $(HEADERS),$(CHANGED)),$(Q)scripts/lint/headers.sh $(CC) $(CPP) $(WARN) -- $(filter $(HEADERS),$(CHANGED)))
	$(if $(filter $(CHECKED),$(CHANGED)),$(lint-objects) -k $(patsubst src/%.c,build/lint/tidy/%.ok,$(filter $(CHECKED),$(CHANGED))))
lint-man:
	$(Q)mandoc -T lint -W warning $(wildcard man/*.[1-9])
lint-selftest:
	$(Q)$(PYTHON) -B tests/lint/test_lint.py
# cppcheck reads no system headers, but has to see these macros; what it is told
# to keep to itself, the sanitizers and clang's analyzer see without false alarms
QUEUE_H = $(filter %/queue.h,$(shell printf '\043include <sys/queue.h>\n' | $(CC) -M -x c -))
CPPCHECK_QUIET := duplicateAssignExpression invalidFunctionArg memleak ctuuninitvar *:/usr/include/*
lint-cppcheck:
	$(Q)mkdir -p build/lint/cppcheck
	$(Q)cppcheck --quiet -j$(NPROC) --cppcheck-build-dir=build/lint/cppcheck --error-exitcode=1 \
		--enable=warning,performance,portability --inline-suppr --std=c11 --library=posix \
		$(CPPCHECK_QUIET:%=--suppress='%') --template='{file}:{line}: {message} [{id}]' \
		-Iinclude -Isrc -D_GNU_SOURCE -D__linux__ -DSINKHOLED_VERSION='""' --include=$(QUEUE_H) $(CHECKED)
# how far the analyzer looks into a function: ANALYZED= for its own bound, which takes twenty times as long
ANALYZED ?= -Xclang -analyzer-config -Xclang max-nodes=8000
lint-tidy:
	$(lint-objects) -k tidy
tidy: $(CHECKED:src/%.c=build/lint/tidy/%.ok)
build/lint/tidy/%.ok: build/tsan/obj/%.o .clang-tidy
	$(Q)mkdir -p $(@D) && clang-tidy --quiet src/$*.c -- $(CPP) $(ANALYZED) >$@.log 2>&1 && touch $@ || \
		{ sed -e 's|^$(CURDIR)/||' $@.log; exit 1; }

rooms: ## write the sizes of the rooms into docs/architecture.md
	$(Q)$(PYTHON) scripts/lint/rooms.py --write

format: ## lay out the C files by .clang-format
	$(Q)clang-format -i $(C_FILES)

# ---- installing

# the files name the default places; an installed copy names those chosen here
PLACES = sed -e 's|/usr/local/sbin|$(SBINDIR)|g' -e 's|/usr/local/share|$(DATADIR)|g' \
	-e 's|/etc/sinkholed|$(SYSCONFDIR)/sinkholed|g'
# written where it belongs, not by way of build/: root would own what it leaves there
# One that is as it should be is left alone: systemd warns of a unit that was written since it was read.
written = { $(1) | cmp -s - '$(DESTDIR)$(2)' || \
	{ install -D -m 0644 /dev/null '$(DESTDIR)$(2)' && $(1) >'$(DESTDIR)$(2)'; }; }
place = $(call written,$(PLACES) $(1),$(2))
CONFIG = $(SYSCONFDIR)/sinkholed/sinkholed.yaml

man: daemon ## write the options and the commands into the manual pages and docs/openapi.json
	$(Q)$(BUILD)/sinkholed --man-options >$(BUILD)/options.mdoc
	$(Q)sed -e '/^\.\\" @OPTIONS@$$/{r $(BUILD)/options.mdoc' -e 'd}' \
		man/sinkholed.yaml.5.in >man/sinkholed.yaml.5
	$(Q)$(BUILD)/sinkholectl --generate man >$(BUILD)/commands.mdoc
	$(Q)sed -e '/^\.\\" @COMMANDS@$$/{r $(BUILD)/commands.mdoc' -e 'd}' \
		man/sinkholectl.8.in >man/sinkholectl.8
	$(Q)$(BUILD)/sinkholectl --generate counters >$(BUILD)/counters.mdoc
	$(Q)sed -e '/^\.\\" @COUNTERS@$$/{r $(BUILD)/counters.mdoc' -e 'd}' \
		man/sinkholed.8.in >man/sinkholed.8
	$(Q)$(BUILD)/sinkholectl --generate openapi >docs/openapi.json

# shell:file of its completion
SHELLS := bash:bash-completion/completions/sinkholectl zsh:zsh/site-functions/_sinkholectl \
	fish:fish/vendor_completions.d/sinkholectl.fish
METRICS_FILES := sinkholed-alerts.yaml sinkholed-dashboard.json

install: all ## install below DESTDIR and PREFIX (/usr/local); an existing configuration is kept
	$(Q)install -D -m 0755 $(BUILD)/sinkholed '$(DESTDIR)$(SBINDIR)/sinkholed'
	$(Q)install -D -m 0755 $(BUILD)/sinkholectl '$(DESTDIR)$(SBINDIR)/sinkholectl'
	$(Q)$(call place,man/sinkholed.8,$(MANDIR)/man8/sinkholed.8)
	$(Q)$(call place,man/sinkholectl.8,$(MANDIR)/man8/sinkholectl.8)
	$(Q)$(foreach s,$(SHELLS),$(call written,$(BUILD)/sinkholectl --generate $(firstword $(subst :, ,$(s))),$(DATADIR)/$(lastword $(subst :, ,$(s)))) &&) :
	$(Q)$(foreach f,$(METRICS_FILES),install -D -m 0644 conf/$(f) '$(DESTDIR)$(DATADIR)/sinkholed/$(f)' &&) :
	$(Q)$(call place,man/sinkholed.yaml.5,$(MANDIR)/man5/sinkholed.yaml.5)
	$(Q)$(call place,systemd/sinkholed.service,$(LIBDIR)/systemd/system/sinkholed.service)
	$(Q)$(call place,systemd/sinkholed.sysusers,$(LIBDIR)/sysusers.d/sinkholed.conf)
	$(Q)$(call place,systemd/sinkholed.tmpfiles,$(LIBDIR)/tmpfiles.d/sinkholed.conf)
	$(Q)install -D -m 0644 blocklists/waledac.txt '$(DESTDIR)$(DATADIR)/sinkholed/blocklists/waledac.txt'
	$(Q)install -D -m 0644 blocklists/sinkholes.txt '$(DESTDIR)$(DATADIR)/sinkholed/blocklists/sinkholes.txt'
	$(Q)install -D -m 0644 conf/60-sinkholed.conf '$(DESTDIR)$(DATADIR)/sinkholed/60-sinkholed.conf'
	$(Q)test -e '$(DESTDIR)$(CONFIG)' && echo 'kept: $(CONFIG), as it is yours' || \
		{ $(call place,conf/sinkholed.system.yaml,$(CONFIG)) && echo 'new:  $(CONFIG)'; }
	@echo 'installed: $(SBINDIR)/sinkholed, its manual sinkholed(8), and the unit sinkholed.service'
	@$(if $(DESTDIR),:,printf '%s\n' 'next, as root:' '  systemd-sysusers && systemd-tmpfiles --create' \
		'  systemctl daemon-reload' '  $(SBINDIR)/sinkholed --check' \
		'  systemctl enable --now sinkholed    (or, after an upgrade: systemctl kill -s USR2 --kill-who=main sinkholed)')

uninstall: ## remove what install put there, but not the configuration
	@$(if $(DESTDIR),:,! command -v systemctl >/dev/null || systemctl disable --now --quiet sinkholed 2>/dev/null || :)
	$(Q)rm -f '$(DESTDIR)$(SBINDIR)/sinkholed' '$(DESTDIR)$(SBINDIR)/sinkholectl' '$(DESTDIR)$(MANDIR)/man8/sinkholed.8' \
		'$(DESTDIR)$(MANDIR)/man5/sinkholed.yaml.5' \
		'$(DESTDIR)$(MANDIR)/man8/sinkholectl.8' \
		$(foreach s,$(SHELLS),'$(DESTDIR)$(DATADIR)/$(lastword $(subst :, ,$(s)))') \
		'$(DESTDIR)$(LIBDIR)/systemd/system/sinkholed.service' \
		'$(DESTDIR)$(LIBDIR)/sysusers.d/sinkholed.conf' '$(DESTDIR)$(LIBDIR)/tmpfiles.d/sinkholed.conf'
	$(Q)rm -rf '$(DESTDIR)$(DATADIR)/sinkholed'
	@echo 'left: $(CONFIG), and /var/lib/sinkholed where the daemon has run'

clean: ## remove build/
	$(Q)rm -rf build

help: ## this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
