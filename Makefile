# SPDX-License-Identifier: Apache-2.0
#
#   make            build/mod_finwait.so, build/finwait-closer and build/finwait-report   (WERROR=1: warnings
#                   are errors; CPPFLAGS, CFLAGS, CXXFLAGS, LDFLAGS are yours and come after ours)
#   make module     the first two: needs no library but httpd's
#   make install    all that, and the configuration for the layout of this httpd   (DESTDIR, APXS, PREFIX ...: see
#                   INSTALL.md; install-module, install-report: one of them; install-strip; uninstall)
#   make dist       the source tarball of the last commit; make deb, make rpm: packages of it
#   make demo       set up, build, and show it working on a private Apache   (KEEP=1: leave it running)
#   make demo-auto  the same for FinWaitAuto: a client is noticed and remedied (three minutes)
#   make check      set up, build, and run every test   (SAN=address,undefined or thread: the units
#                   and the closer under sanitizers)
#   make check-quick  the units and a server test of each feature, in a minute
#   make coverage   how many lines of the sources make check comes to, built anew for it
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
#                   (CLOSES=2000000: of so many; PARTS="figures outages traps measure alarms": these)
#   make clients    conf/finwait-clients.conf and its table in the docs, from conf/clients.csv
#   make survey     how some hundred real clients behave, twice, see docs/clients.md; not part of check (as root;
#                   ONLY="curl Wget": these; FRESH=1: measure again; WRITE=1: into conf/clients.csv;
#                   REMEDIES=1: once more, under conf/finwait-clients.conf)

APXS   ?= apxs
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
LIBEXECDIR ?= $(PREFIX)/libexec/mod_finwait
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

# With AddressSanitizer g++ 12 takes much of <regex> for uninitialized.
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(SAN),-Wno-maybe-uninitialized) $(if $(WERROR),-Werror)
SANITIZE := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
OUR_CPPFLAGS  = -Iinclude -Imod_finwait -D_GNU_SOURCE
# A sanitizer needs lines and frames; more would only cost the compiler time.
OPTIMIZE     := $(if $(SAN),-O1 -g1,-O2 -g)
# The tests' own code is not what is measured. (Not -O0: without __OPTIMIZE__ some of simdjson's types
# are others than those of the code under test.)
OPTIMIZE_TESTS := -O1 -g1
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

# Optional, as pkg-config is where only the module is built: without it the closer does not filter its system calls, and
# says so.
seccomp = $(call once,seccomp-libs,$(PKG_CONFIG) --cflags --libs libseccomp 2>/dev/null || echo none)
seccomp_libs = $(filter -l% -L%,$(seccomp))
seccomp_cflags = $(if $(seccomp_libs),-DFINWAIT_HAS_LIBSECCOMP $(filter -I%,$(seccomp)))

# Only the module may see httpd; -isystem keeps our warnings out of its headers.
HTTPD = -isystem $(or $(shell $(APXS) -q INCLUDEDIR),$(error '$(APXS)' does not say where httpd's headers are: install \
        apache2-dev or httpd-devel, or name the right one, APXS=/path/of/apxs)) \
        -isystem $(shell $(APXS) -q APR_INCLUDEDIR) $(shell $(APXS) -q EXTRA_CPPFLAGS)
# What is compiled in of where things go, whatever was built before.
CLOSER_PATH = -DFINWAIT_CLOSER_PATH='"$(LIBEXECDIR)/finwait-closer"'
NAMES_CLOSER := mod_finwait/module/config/server_config.cpp

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
MODULE_CORE := $(addprefix mod_finwait/module/,config/values.cpp connection/backend_url.cpp \
               connection/cause.cpp connection/client_note.cpp connection/goaway.cpp parent/channel.cpp \
               parent/control_line.cpp parent/passing.cpp parent/shared_memory.cpp) $(STATUS_CORE)
UNIT     := $(wildcard t/unit/*.cpp t/unit/*/*.cpp t/unit/*/*/*.cpp)
SERVER   := $(wildcard t/server/*.cpp)
CLIENTS  := $(wildcard t/clients/*.cpp)
FUZZ     := $(wildcard t/fuzz/*.cpp)

object = $(addprefix $(OUT)/objects/,$(addsuffix .o,$(basename $(1))))

all: module report
module: $(OUT)/mod_finwait.so $(OUT)/finwait-closer
report: $(OUT)/finwait-report

# libstdc++ goes in statically and hidden: the module needs nothing but httpd, APR and libc, and
# cannot clash with another module's C++ runtime.
OTHER_LAYOUT := $(OUT)/other-layout-mod_finwait.so
$(OUT)/mod_finwait.so: $(call object,mod_finwait/module/parent/runtime_layout.cpp)
$(OTHER_LAYOUT): $(call object,t/faults/other_layout.cpp)
$(OUT)/mod_finwait.so $(OTHER_LAYOUT): mod_finwait/module/exports.map \
    $(call object,$(CONTRACT) $(PRESENTATION) $(filter-out %/runtime_layout.cpp,$(MODULE)))
	@echo "  LINK $@"
	$(Q)$(LINK) -shared -static-libstdc++ -static-libgcc -Wl,-z,now \
	    -Wl,--version-script=$(filter %.map,$^) -o $@ $(filter %.o,$^)

FAULT_CLOSERS := $(addprefix $(OUT)/faults-,set-clock-closer other-version-closer)
$(OUT)/finwait-closer $(FAULT_CLOSERS): $(call object,$(CONTRACT) $(CLOSER))
	@echo "  LINK $@"
	$(Q)$(LINK) -static-libstdc++ -static-libgcc -pthread -o $@ $^ $(seccomp_libs)

# The chart of the report's page: uPlot, where t/setup has put it, or from make dist. Without it the page has
# bars only.
UPLOT := uPlot.iife.min.js uPlot.min.css
DIST_UPLOT := mod_finwait/report/output/uplot
UPLOT_FILES := $(or $(wildcard $(addprefix build/uplot/,$(UPLOT))),$(wildcard $(addprefix $(DIST_UPLOT)/,$(UPLOT))))
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
	$(Q)$(LINK) -o $@ $^ $(call libs,gmock $(REPORT_LIBRARIES)) $(seccomp_libs)

$(OUT)/server-tests: $(call object,$(CONTRACT) $(PARSER) \
    mod_finwait/module/status/kernel_table.cpp $(SERVER) $(CLIENTS)) | $(OTHER_LAYOUT)
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
$(OUT)/faults-set-clock.so: private override LDFLAGS += -shared
$(OUT)/faults-set-clock-closer: $(call object,t/faults/set_clock.cpp)
$(OUT)/faults-other-version-closer: $(call object,t/faults/other_version.cpp)
$(OUT)/faults-hostile-child $(OUT)/faults-set-clock.so:
	@echo "  LINK $@"
	$(Q)$(LINK) -static-libstdc++ -static-libgcc -o $@ $^

# A module for the survey only.
SURVEY := $(wildcard t/survey/*.c)
SURVEY_MODULE := $(OUT)/survey-goaway_alone.so
$(SURVEY_MODULE): $(OUT)/survey-%.so: $(OUT)/objects/t/survey/%.o
	@echo "  LINK $@"
	$(Q)$(CC) -shared $(LDFLAGS) -o $@ $^

$(call object,$(MODULE) $(SURVEY)): private OUR_CPPFLAGS += $(HTTPD)
$(call object,$(NAMES_CLOSER)): private OUR_CPPFLAGS += $(CLOSER_PATH)
$(call object,mod_finwait/closer/sandbox/call_filter.cpp): private OUR_CPPFLAGS += $(seccomp_cflags)
$(call object,$(PARSER) $(REPORT)): private OUR_CPPFLAGS += $(call cflags,$(REPORT_LIBRARIES))

TESTS := $(call object,$(UNIT) $(SERVER) $(CLIENTS))
TEST_CFLAGS = $(call cflags,gmock $(REPORT_LIBRARIES))
$(TESTS): private OPTIMIZE := $(OPTIMIZE_TESTS)
$(TESTS): private OUR_CPPFLAGS += -I$(OUT) -It $(TEST_CFLAGS)
$(call object,$(BENCH)): private OUR_CPPFLAGS += -It
$(call object,$(SERVER) $(CLIENTS) $(BENCH)): private OUR_CPPFLAGS += $(call cflags,openssl)

# What most tests include, read once: a quarter of what they take to compile. The compiler finds it in $(OUT), and
# in t/ if it cannot use it. Not with ccache, which would keep nothing of what is compiled so.
PRECOMPILED := $(if $(findstring ccache,$(CXX)),,precompiled.hpp)
ifneq ($(PRECOMPILED),)
$(TESTS): $(OUT)/precompiled.hpp.gch
$(TESTS): private OUR_CPPFLAGS += -include precompiled.hpp -Winvalid-pch
$(OUT)/precompiled.hpp.gch: private OPTIMIZE := $(OPTIMIZE_TESTS)
$(OUT)/precompiled.hpp.gch: private OUR_CPPFLAGS += $(TEST_CFLAGS)
$(OUT)/precompiled.hpp.gch: t/precompiled.hpp $(OUT)/flags
	@echo "  CXX  $<"
	$(Q)$(COMPILE_CXX:-MMD=-MD) -x c++-header -o $@ $<
-include $(OUT)/precompiled.hpp.d
endif

# Written when they change, so that everything is built again with other flags, and what names the closer with
# another place of it.
$(OUT)/flags: export FLAGS = $(COMPILE_C) $(COMPILE_CXX) $(LINK) $(OPTIMIZE_TESTS) $(PRECOMPILED)
$(OUT)/flags-of-module: export FLAGS = $(HTTPD)
$(OUT)/flags-of-closer-path: export FLAGS = $(CLOSER_PATH)
$(OUT)/flags $(OUT)/flags-of-module $(OUT)/flags-of-closer-path: FORCE
	@mkdir -p $(@D)
	@echo "$$FLAGS" | cmp -s - $@ || echo "$$FLAGS" >$@
OBJECTS := $(call object,$(CONTRACT) $(PARSER) $(PRESENTATION) $(CLOSER) $(REPORT) $(MODULE) $(UNIT) $(SERVER) \
           $(CLIENTS) $(BENCH) $(FAULTS) $(SURVEY))
$(OBJECTS): $(OUT)/flags
$(call object,$(MODULE) $(SURVEY)): $(OUT)/flags-of-module
$(call object,$(NAMES_CLOSER)): $(OUT)/flags-of-closer-path

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
FUZZED  := $(CONTRACT) $(PARSER) $(PRESENTATION) $(addprefix mod_finwait/module/,config/values.cpp connection/backend_url.cpp) \
           $(STATUS_CORE) $(wildcard mod_finwait/closer/ledger/*.cpp) $(filter-out %/main.cpp,$(REPORT))
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

.PHONY: all module report FORCE setup demo demo-auto check check-quick coverage fuzz bench faults soak fleet-schema fleet-demo fleet-check clients survey \
    install install-module install-report install-strip uninstall dist deb rpm format clean

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
	@$(MAKE) --no-print-directory $(JOBS) all $(SURVEY_MODULE)
	@t/survey/run $(if $(FRESH),--fresh) $(if $(REMEDIES),--remedies) $(if $(WRITE),--write) $(foreach name,$(ONLY),"$(name)")

LAY_OUT = OUT='$(OUT)' DESTDIR='$(DESTDIR)' APXS='$(APXS)' PREFIX='$(PREFIX)' LIBEXECDIR='$(LIBEXECDIR)' \
          STRIP='$(STRIP)' conf/install

install: install-module install-report

install-module: module
	@$(LAY_OUT) module

install-report: report
	@$(LAY_OUT) report

install-strip:
	@$(MAKE) --no-print-directory install STRIP=1

uninstall:
	@$(LAY_OUT) uninstall

# The same bytes from the same commit, whoever makes it; it builds without network, chart included. In an unpacked
# release: of what is there.
VERSION := $(shell sed -n 's/.*kVersion\[\] = "\(.*\)";/\1/p' include/finwait/version.hpp)
SOURCES := mod_finwait-$(VERSION)
dist: setup
	@mkdir -p build/dist
ifneq ($(wildcard .git),)
	@git -c tar.umask=0022 archive --prefix=$(SOURCES)/$(DIST_UPLOT)/ \
	    $(addprefix --add-file=build/uplot/,$(UPLOT) LICENSE) --prefix=$(SOURCES)/ \
	    -o build/dist/$(SOURCES).tar HEAD
else
	@tar cf build/dist/$(SOURCES).tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	    --mtime="$$(stat -c @%Y Makefile)" --exclude=./build --transform='s|^\.|$(SOURCES)|' .
endif
	@gzip -9nf build/dist/$(SOURCES).tar
	@echo "build/dist/$(SOURCES).tar.gz"

deb: dist
	@conf/packages/build-deb build/dist/$(SOURCES).tar.gz $(DEBFLAGS)

# On a machine that is no RHEL: RPMFLAGS=--nodeps.
rpm: dist
	rpmbuild -ta $(RPMFLAGS) --define '_topdir $(CURDIR)/build/rpm' build/dist/$(SOURCES).tar.gz

format:
	clang-format -i $$(git ls-files '*.cpp' '*.hpp' '*.c' '*.h')

clean:
	rm -rf build

-include $(patsubst %.o,%.d,$(call fuzz_object,$(FUZZED) $(FUZZ)))
-include $(OBJECTS:.o=.d)
