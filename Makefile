# SPDX-License-Identifier: Apache-2.0
#
#   make            build/mod_finwait.so, build/finwait-closer and build/finwait-report   (WERROR=1: warnings
#                   are errors; CPPFLAGS, CFLAGS, CXXFLAGS, LDFLAGS are yours and come after ours)
#   make demo       set up, build, and show it working on a private Apache   (KEEP=1: leave it running)
#   make demo-auto  the same for FinWaitAuto: a client is noticed and remedied (three minutes)
#   make check      set up, build, and run every test   (SAN=address,undefined or thread: the units
#                   and the closer under sanitizers)
#   make check-quick  the units and a server test of each feature, in a minute
#   make coverage   how many lines of the sources make check comes to, built anew for it
#   make install    module, closer, report and configuration   (DESTDIR, APXS, PREFIX)
#   make fuzz       every fuzz target for FUZZ_SECONDS
#   make bench      stock Apache, nginx and the module side by side, in twenty minutes; not part of
#                   check   (ONLY=name: one scenario; SMOKE=1: only whether each of them runs;
#                   BESIDE=revision: another version of the module in turns with this one)
#   make faults     what breaks, under load, on three MPMs: requests failed, closes lost, time until all is
#                   normal, in a quarter of an hour; not part of check   (ROWS="disk-full graceful": these;
#                   MPMS=event; three of them only as root)
#   make soak       MINUTES=n of load, restarts and faults (SEED=n: the same again): does memory grow?
#   make fleet-schema  the SQL of a fleet's tables, from the words and bounds of include/finwait/
#   make fleet-demo  two Apaches, their shippers, an engine of four servers: one report of all
#   make fleet-check  the fleet's engines and shippers: figures, losses, doubles, traps; not part of check
#                   (CLOSES=2000000: of so many; PARTS="figures outages traps measure": these)
#   make clients    conf/finwait-clients.conf and its table in the docs, from conf/clients.csv
#   make survey     real clients with an idle connection, see t/survey/run; not part of check

APXS   ?= apxs
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr
LIBEXECDIR ?= $(PREFIX)/lib/mod_finwait
CONFDIR    ?= /etc/apache2/mods-available
FUZZ_SECONDS ?= 60
SAN ?=
V ?=

ifeq ($(origin CXX),default)
CXX := g++
endif
FUZZ_CXX ?= clang++

# For the goals that build before they run: as many jobs as processors, or what -j said.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

comma := ,
OUT := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
Q := $(if $(V),,@)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(WERROR),-Werror)
SANITIZE := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
OUR_CPPFLAGS  = -Iinclude -Imod_finwait -D_GNU_SOURCE
# A sanitizer needs lines and frames; more would only cost the compiler time. (With -O1 and
# AddressSanitizer g++ 12 takes much of <regex> for uninitialized.)
OPTIMIZE     := $(if $(SAN),$(if $(filter thread,$(SAN)),-O1,-O2) -g1,-O2 -g)
# The tests' own code is not what is measured. (Not -O0: without __OPTIMIZE__ some of simdjson's types
# are others than those of the code under test.)
OPTIMIZE_TESTS := $(if $(SAN),$(OPTIMIZE),-O1 -g1)
OUR_FLAGS     = $(OPTIMIZE) $(WARNINGS) -fPIC -fvisibility=hidden

COMPILE_C   = $(CC) $(OUR_CPPFLAGS) $(CPPFLAGS) -std=c11 $(OUR_FLAGS) $(CFLAGS) -MMD -MP -c
COMPILE_CXX = $(CXX) $(OUR_CPPFLAGS) $(CPPFLAGS) -std=c++20 $(OUR_FLAGS) $(SANITIZE) $(CXXFLAGS) -MMD -MP -c
LINK        = $(CXX) $(SANITIZE) $(CXXFLAGS) $(LDFLAGS)

# Only pkg-config knows a library's files: Abseil's change their names from release to release.
REPORT_LIBRARIES := simdjson libarchive re2 yaml-cpp libcurl absl_flat_hash_map
# Asked once for each list, and not before it is needed: t/setup may have to install pkg-config.
space := $() $()
once   = $(if $($(1)),,$(eval $(1) := $(shell $(2))))$($(1))
cflags = $(call once,cflags-$(subst $(space),-,$(1)),$(PKG_CONFIG) --cflags $(1))
libs   = -Wl,--as-needed $(call once,libs-$(subst $(space),-,$(1)),$(PKG_CONFIG) --libs $(1))

# Optional: without it the closer does not filter its system calls, and says so.
seccomp_libs = $(call once,libs-seccomp,$(PKG_CONFIG) --silence-errors --libs libseccomp || echo -lc)

# Only the module may see httpd; -isystem keeps our warnings out of its headers.
HTTPD = -isystem $(shell $(APXS) -q INCLUDEDIR) -isystem $(shell $(APXS) -q APR_INCLUDEDIR) \
        $(shell $(APXS) -q EXTRA_CPPFLAGS) -DFINWAIT_CLOSER_PATH='"$(LIBEXECDIR)/finwait-closer"'

# The folders are the architecture: each program is its folder and the contract.
CONTRACT := $(filter-out mod_finwait/contract/parse_%,$(wildcard mod_finwait/contract/*.cpp))
PARSER   := $(wildcard mod_finwait/contract/parse_*.cpp)
PRESENTATION := $(wildcard mod_finwait/presentation/*.cpp)
CLOSER   := $(wildcard mod_finwait/closer/*.cpp mod_finwait/closer/*/*.cpp)
REPORT   := $(wildcard mod_finwait/report/*.cpp mod_finwait/report/*/*.cpp)
MODULE   := $(wildcard mod_finwait/module/*.cpp mod_finwait/module/*/*.cpp) mod_finwait/module/config/mod_finwait.c
STATUS_CORE := $(filter-out %/status_handler.cpp %/mod_status.cpp %/sources.cpp %/neighbours.cpp, \
               $(wildcard mod_finwait/module/status/*.cpp))
# The part of the module that knows neither httpd nor APR, and is tested without them.
MODULE_CORE := $(addprefix mod_finwait/module/,config/values.cpp connection/cause.cpp \
               connection/client_note.cpp connection/goaway.cpp parent/channel.cpp \
               parent/control_line.cpp parent/shared_memory.cpp) $(STATUS_CORE)
UNIT     := $(wildcard t/unit/*.cpp t/unit/*/*.cpp t/unit/*/*/*.cpp)
SERVER   := $(wildcard t/server/*.cpp)
CLIENTS  := $(wildcard t/clients/*.cpp)
FUZZ     := $(wildcard t/fuzz/*.cpp)

object = $(addprefix $(OUT)/objects/,$(addsuffix .o,$(basename $(1))))

all: $(OUT)/mod_finwait.so $(OUT)/finwait-closer $(OUT)/finwait-report

# libstdc++ goes in statically and hidden: the module needs nothing but httpd, APR and libc, and
# cannot clash with another module's C++ runtime.
$(OUT)/mod_finwait.so: $(call object,$(CONTRACT) $(PRESENTATION) $(MODULE)) mod_finwait/module/exports.map
	@echo "  LINK $@"
	$(Q)$(LINK) -shared -static-libstdc++ -static-libgcc -Wl,-z,now \
	    -Wl,--version-script=$(filter %.map,$^) -o $@ $(filter %.o,$^)

FAULT_CLOSERS := $(addprefix $(OUT)/faults-,set-clock-closer other-version-closer)
$(OUT)/finwait-closer $(FAULT_CLOSERS): $(call object,$(CONTRACT) $(CLOSER))
	@echo "  LINK $@"
	$(Q)$(LINK) -static-libstdc++ -static-libgcc -pthread -o $@ $^ $(seccomp_libs)

# The chart of the report's page: uPlot, where t/setup has put it. Without it the page has bars only.
UPLOT_FILES := $(wildcard build/uplot/uPlot.iife.min.js build/uplot/uPlot.min.css)
$(OUT)/generated/chart_script.cpp: mod_finwait/report/output/embed_chart mod_finwait/report/output/chart.js $(UPLOT_FILES)
	@mkdir -p $(@D)
	@echo "  EMBED $@"
	$(Q)mod_finwait/report/output/embed_chart mod_finwait/report/output/chart.js $(UPLOT_FILES) >$@

$(OUT)/objects/chart_script.o: $(OUT)/generated/chart_script.cpp
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	$(Q)$(COMPILE_CXX) -o $@ $<

$(OUT)/finwait-report: $(call object,$(CONTRACT) $(PARSER) $(PRESENTATION) $(REPORT)) $(OUT)/objects/chart_script.o
	@echo "  LINK $@"
	$(Q)$(LINK) -o $@ $^ $(call libs,$(REPORT_LIBRARIES))

$(OUT)/unit-tests: $(call object,$(CONTRACT) $(PARSER) $(PRESENTATION) $(MODULE_CORE) \
    $(filter-out %/main.cpp,$(CLOSER) $(REPORT)) t/clients/process.cpp $(UNIT)) \
    $(OUT)/objects/chart_script.o
	@echo "  LINK $@"
	$(Q)$(LINK) -o $@ $^ $(call libs,gtest_main gmock $(REPORT_LIBRARIES)) $(seccomp_libs)

$(OUT)/server-tests: $(call object,$(CONTRACT) $(PARSER) \
    mod_finwait/module/status/kernel_table.cpp $(SERVER) $(CLIENTS))
	@echo "  LINK $@"
	$(Q)$(LINK) -o $@ $^ $(call libs,gmock simdjson openssl)

# The clients and the yardstick of the benchmarks: each program is one file.
BENCH    := $(wildcard t/bench/*.cpp)
BENCH_PROGRAMS := $(patsubst t/bench/%.cpp,$(OUT)/bench-%,$(BENCH))
$(BENCH_PROGRAMS): $(OUT)/bench-%: $(OUT)/objects/t/bench/%.o
	@echo "  LINK $@"
	$(Q)$(LINK) -o $@ $^ $(call libs,openssl) -pthread

# What the faults need: a child that is hostile, a clock that is set, a closer of another version.
FAULTS   := $(wildcard t/faults/*.cpp)
FAULT_PROGRAMS := $(addprefix $(OUT)/faults-,hostile-child set-clock.so) $(FAULT_CLOSERS)
$(OUT)/faults-hostile-child: $(call object,$(CONTRACT) t/faults/hostile_child.cpp)
$(OUT)/faults-set-clock.so: $(call object,t/faults/set_clock.cpp)
$(OUT)/faults-set-clock.so: private LDFLAGS += -shared
$(OUT)/faults-set-clock-closer: $(call object,t/faults/set_clock.cpp)
$(OUT)/faults-other-version-closer: $(call object,t/faults/other_version.cpp)
$(OUT)/faults-hostile-child $(OUT)/faults-set-clock.so:
	@echo "  LINK $@"
	$(Q)$(LINK) -static-libstdc++ -static-libgcc -o $@ $^

$(call object,$(MODULE)): private OUR_CPPFLAGS += $(HTTPD)
$(call object,$(PARSER) $(REPORT)): private OUR_CPPFLAGS += $(call cflags,$(REPORT_LIBRARIES))
$(call object,$(UNIT)): private OUR_CPPFLAGS += -It $(call cflags,gmock $(REPORT_LIBRARIES))
$(call object,$(SERVER) $(CLIENTS) $(BENCH)): private OUR_CPPFLAGS += -It $(call cflags,gmock simdjson openssl)

$(call object,$(UNIT) $(SERVER) $(CLIENTS)): private OPTIMIZE := $(OPTIMIZE_TESTS)

# Written when they change, so that everything is built again with other flags, the module with another
# place of its closer.
$(OUT)/flags: export FLAGS = $(COMPILE_C) $(COMPILE_CXX) $(LINK) $(OPTIMIZE_TESTS)
$(OUT)/flags-of-module: export FLAGS = $(HTTPD)
$(OUT)/flags $(OUT)/flags-of-module: FORCE
	@mkdir -p $(@D)
	@echo "$$FLAGS" | cmp -s - $@ || echo "$$FLAGS" >$@
OBJECTS := $(call object,$(CONTRACT) $(PARSER) $(PRESENTATION) $(CLOSER) $(REPORT) $(MODULE) $(UNIT) $(SERVER) \
           $(CLIENTS) $(BENCH) $(FAULTS))
$(OBJECTS): $(OUT)/flags
$(call object,$(MODULE)): $(OUT)/flags-of-module

$(OUT)/objects/%.o: %.cpp
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	$(Q)$(COMPILE_CXX) -o $@ $<

$(OUT)/objects/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(COMPILE_C) -o $@ $<

# Each fuzz target is one file, and is linked with what it needs of the code that all of them feed.
FUZZ_COMPILE = $(FUZZ_CXX) $(OUR_CPPFLAGS) -It $(call cflags,$(REPORT_LIBRARIES)) $(CPPFLAGS) -std=c++20 \
               -O1 -g -fno-sanitize-recover=all -fsanitize=fuzzer-no-link,address,undefined
FUZZED  := $(CONTRACT) $(PARSER) $(PRESENTATION) mod_finwait/module/config/values.cpp $(STATUS_CORE) \
           $(wildcard mod_finwait/closer/ledger/*.cpp) $(filter-out %/main.cpp,$(REPORT))
FUZZ_PROGRAMS := $(patsubst t/%.cpp,build/%,$(FUZZ))
fuzz_object = $(addprefix build/fuzz/objects/,$(addsuffix .o,$(basename $(1))))

build/fuzz/objects/%.o: %.cpp
	@mkdir -p $(@D)
	@echo "  FUZZ $<"
	$(Q)$(FUZZ_COMPILE) -MMD -MP -c -o $@ $<

build/fuzz/fuzzed.a: $(call fuzz_object,$(FUZZED) build/generated/chart_script.cpp)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(FUZZ_PROGRAMS): build/fuzz/%: build/fuzz/objects/t/fuzz/%.o build/fuzz/fuzzed.a
	@echo "  LINK $@"
	$(Q)$(FUZZ_CXX) -fsanitize=fuzzer,address,undefined -o $@ $^ $(call libs,$(REPORT_LIBRARIES))

.PHONY: all FORCE setup demo demo-auto check check-quick coverage fuzz bench faults soak fleet-schema fleet-demo fleet-check clients survey install format clean

setup:
	@t/setup $(MAKECMDGOALS)

demo: setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@t/demo

demo-auto: setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@t/demo-auto

check: setup
ifeq ($(SAN),)
	@$(MAKE) --no-print-directory $(JOBS) all $(OUT)/unit-tests $(OUT)/server-tests
	@t/check
else
	@$(MAKE) --no-print-directory $(JOBS) $(OUT)/unit-tests $(OUT)/finwait-closer \
	    $(OUT)/finwait-report
	@OUT=$(OUT) t/check-sanitized
endif

check-quick: setup
	@$(MAKE) --no-print-directory $(JOBS) all $(OUT)/unit-tests $(OUT)/server-tests
	@t/check --quick

coverage: setup
	@t/coverage

fuzz: setup
	@$(MAKE) --no-print-directory $(JOBS) $(FUZZ_PROGRAMS)
	@t/fuzz/run $(FUZZ_SECONDS)

bench: setup
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH_PROGRAMS)
	@t/bench/bench $(if $(SMOKE),--smoke) $(if $(BESIDE),--beside $(BESIDE)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(ONLY)

faults: setup
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH_PROGRAMS) $(FAULT_PROGRAMS)
	@t/faults/faults $(addprefix --mpm ,$(MPMS)) $(ROWS)

MINUTES ?= 60
soak: setup
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH_PROGRAMS) $(FAULT_PROGRAMS)
	@t/faults/soak $(addprefix --mpm ,$(MPMS)) $(addprefix --seed ,$(SEED)) $(MINUTES)

fleet-schema:
	@conf/fleet/clickhouse/make_schema

fleet-demo: setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@t/fleet/demo

fleet-check: setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@t/fleet/check $(addprefix --closes ,$(CLOSES)) $(PARTS)

clients:
	@conf/make_clients

survey: setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@t/survey/run

COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
MANDIR ?= $(PREFIX)/share/man
LNAVDIR ?= $(PREFIX)/share/mod_finwait

install: all
	install -d $(DESTDIR)$$($(APXS) -q LIBEXECDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(CONFDIR)
	install -m 644 $(OUT)/mod_finwait.so $(DESTDIR)$$($(APXS) -q LIBEXECDIR)/mod_finwait.so
	install -m 755 $(OUT)/finwait-closer $(DESTDIR)$(LIBEXECDIR)/finwait-closer
	sed "s|/usr/lib/apache2/modules|$$($(APXS) -q LIBEXECDIR)|" conf/finwait.load \
	    >$(DESTDIR)$(CONFDIR)/finwait.load
	install -m 644 conf/finwait.conf conf/finwait-clients.conf $(DESTDIR)$(CONFDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(COMPLETIONDIR) \
	    $(DESTDIR)$(LNAVDIR)
	install -m 755 $(OUT)/finwait-report $(DESTDIR)$(PREFIX)/bin
	install -m 644 docs/finwait-report.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 conf/finwait-report.bash $(DESTDIR)$(COMPLETIONDIR)/finwait-report
	install -m 644 conf/finwait.lnav.json $(DESTDIR)$(LNAVDIR)

format:
	clang-format -i $$(git ls-files '*.cpp' '*.hpp' '*.c' '*.h')

clean:
	rm -rf build

-include $(patsubst %.o,%.d,$(call fuzz_object,$(FUZZED) $(FUZZ)))
-include $(OBJECTS:.o=.d)
