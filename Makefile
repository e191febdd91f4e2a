# SPDX-License-Identifier: Apache-2.0
#
#   make            build/mod_finwait.so, build/finwait-closer and build/finwait-report
#   make demo       set up, build, and show it working on a private Apache   (KEEP=1: leave it running)
#   make demo-auto  the same for FinWaitAuto: a client is noticed and remedied (three minutes)
#   make check      set up, build, and run every test   (SAN=address,undefined or thread: the units
#                   and the closer under sanitizers)
#   make install    module, closer, report and configuration   (DESTDIR, APXS, PREFIX)
#   make fuzz       every fuzz target for FUZZ_SECONDS
#   make bench      stock Apache, nginx and the module side by side, in a quarter of an hour; not part of
#                   check   (ONLY=name: one scenario; SMOKE=1: only whether each of them runs)
#   make clients    conf/finwait-clients.conf and its table in the docs, from conf/clients.csv
#   make survey     real clients with an idle connection, see t/survey/run; not part of check

APXS   ?= apxs
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

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
OPTIMISE ?= -O2 -g
CPPFLAGS += -Iinclude -Imod_finwait -D_GNU_SOURCE
CFLAGS   += -std=c11 $(OPTIMISE) $(WARNINGS) -fPIC -fvisibility=hidden
CXXFLAGS += -std=c++20 $(OPTIMISE) $(WARNINGS) -fPIC -fvisibility=hidden \
            $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
LDFLAGS  += $(if $(SAN),-fsanitize=$(SAN))

# Only the module may see httpd; -isystem keeps our warnings out of its headers.
HTTPD = -isystem $(shell $(APXS) -q INCLUDEDIR) -isystem $(shell $(APXS) -q APR_INCLUDEDIR) \
        $(shell $(APXS) -q EXTRA_CPPFLAGS) -DFINWAIT_CLOSER_PATH='"$(LIBEXECDIR)/finwait-closer"'

# The folders are the architecture: each program is its folder and the contract.
CONTRACT := $(filter-out mod_finwait/contract/parse_%,$(wildcard mod_finwait/contract/*.cpp))
CONTRACT_HEADERS := $(wildcard include/finwait/*.hpp mod_finwait/contract/*.hpp)
PARSER   := $(wildcard mod_finwait/contract/parse_*.cpp)
PRESENTATION := $(wildcard mod_finwait/presentation/*.cpp)
CLOSER   := $(wildcard mod_finwait/closer/*.cpp mod_finwait/closer/*/*.cpp)
REPORT   := $(wildcard mod_finwait/report/*.cpp mod_finwait/report/*/*.cpp)
MODULE   := $(wildcard mod_finwait/module/*.cpp mod_finwait/module/*/*.cpp) mod_finwait/module/config/mod_finwait.c
STATUS_CORE := $(filter-out %/status_handler.cpp %/mod_status.cpp %/sources.cpp %/neighbours.cpp, \
               $(wildcard mod_finwait/module/status/*.cpp))
# The part of the module that knows neither httpd nor APR, and is tested without them.
MODULE_CORE := $(addprefix mod_finwait/module/,config/values.cpp connection/cause.cpp \
               connection/client_note.cpp parent/channel.cpp) $(STATUS_CORE)
UNIT     := $(wildcard t/unit/*/*.cpp t/unit/*/*/*.cpp)
SERVER   := $(wildcard t/server/*.cpp)
CLIENTS  := $(wildcard t/clients/*.cpp)
FUZZ     := $(wildcard t/fuzz/*.cpp)

object = $(addprefix $(OUT)/objects/,$(addsuffix .o,$(basename $(1))))

all: $(OUT)/mod_finwait.so $(OUT)/finwait-closer $(OUT)/finwait-report

# libstdc++ goes in statically and hidden: the module needs nothing but httpd, APR and libc, and
# cannot clash with another module's C++ runtime.
$(OUT)/mod_finwait.so: $(call object,$(CONTRACT) $(PRESENTATION) $(MODULE)) mod_finwait/module/exports.map
	@echo "  LINK $@"
	$(Q)$(CXX) -shared $(LDFLAGS) -static-libstdc++ -static-libgcc -Wl,-z,now \
	    -Wl,--version-script=$(filter %.map,$^) -o $@ $(filter %.o,$^)

$(OUT)/finwait-closer: $(call object,$(CONTRACT) $(CLOSER))
	@echo "  LINK $@"
	$(Q)$(CXX) $(LDFLAGS) -static-libstdc++ -static-libgcc -o $@ $^ -lmnl

# The chart of the report's page: uPlot, where t/setup has put it. Without it the page has bars only.
UPLOT_FILES := $(wildcard build/uplot/uPlot.iife.min.js build/uplot/uPlot.min.css)
$(OUT)/generated/chart_script.cpp: mod_finwait/report/output/embed_chart mod_finwait/report/output/chart.js $(UPLOT_FILES)
	@mkdir -p $(@D)
	@echo "  EMBED $@"
	$(Q)mod_finwait/report/output/embed_chart mod_finwait/report/output/chart.js $(UPLOT_FILES) >$@

$(OUT)/objects/chart_script.o: $(OUT)/generated/chart_script.cpp
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

REPORT_LIBS := -lsimdjson -larchive -lre2 -lyaml-cpp -lcurl -labsl_raw_hash_set -labsl_hash \
               -labsl_city -labsl_low_level_hash -labsl_throw_delegate
$(OUT)/finwait-report: $(call object,$(CONTRACT) $(PARSER) $(PRESENTATION) $(REPORT)) $(OUT)/objects/chart_script.o
	@echo "  LINK $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(REPORT_LIBS)

$(OUT)/unit-tests: $(call object,$(CONTRACT) $(PARSER) $(PRESENTATION) $(MODULE_CORE) \
    $(filter-out %/main.cpp,$(CLOSER) $(REPORT)) t/clients/process.cpp $(UNIT)) \
    $(OUT)/objects/chart_script.o
	@echo "  LINK $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -lgtest -lgtest_main -lgmock -lmnl $(REPORT_LIBS) -pthread

$(OUT)/server-tests: $(call object,$(CONTRACT) $(PARSER) $(SERVER) $(CLIENTS))
	@echo "  LINK $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -lgtest -lgmock -lsimdjson -lssl -lcrypto -pthread

# The clients and the yardstick of the benchmarks: each program is one file.
BENCH    := $(wildcard t/bench/*.cpp)
BENCH_PROGRAMS := $(patsubst t/bench/%.cpp,$(OUT)/bench-%,$(BENCH))
$(BENCH_PROGRAMS): $(OUT)/bench-%: $(OUT)/objects/t/bench/%.o
	@echo "  LINK $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -lssl -lcrypto -lmnl -pthread

$(call object,$(MODULE)): CPPFLAGS += $(HTTPD)
$(call object,$(UNIT) $(SERVER) $(CLIENTS) $(BENCH)): CPPFLAGS += -It

$(OUT)/objects/%.o: %.cpp
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/objects/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Each fuzz target is one file; clang builds it together with the code it feeds. Those of the report
# feed all of it.
FUZZED := $(CONTRACT) $(PARSER) $(PRESENTATION) mod_finwait/module/config/values.cpp \
          $(STATUS_CORE) $(wildcard mod_finwait/closer/ledger/*.cpp)
build/fuzz/%: t/fuzz/%.cpp $(FUZZED) $(CONTRACT_HEADERS)
	@mkdir -p $(@D)
	@echo "  FUZZ $@"
	$(Q)$(FUZZ_CXX) $(CPPFLAGS) -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all -o $@ $(filter %.cpp,$^) -lsimdjson

FUZZED_REPORT := $(CONTRACT) $(PARSER) $(PRESENTATION) $(filter-out %/main.cpp,$(REPORT)) \
    build/generated/chart_script.cpp
fuzz_object = $(addprefix build/fuzz/objects/,$(addsuffix .o,$(basename $(1))))
FUZZ_FLAGS := -std=c++20 -O1 -g -fno-sanitize-recover=all
build/fuzz/objects/%.o: %.cpp
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CXX) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(patsubst t/%.cpp,build/%,$(wildcard t/fuzz/report_*.cpp)): build/fuzz/%: t/fuzz/%.cpp t/unit/report/report_logs.hpp $(call fuzz_object,$(FUZZED_REPORT))
	@echo "  FUZZ $@"
	$(Q)$(FUZZ_CXX) $(CPPFLAGS) -It $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $(filter-out %.hpp,$^) $(REPORT_LIBS)

.PHONY: all setup demo demo-auto check fuzz bench clients survey install format clean

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

fuzz: setup
	@$(MAKE) --no-print-directory $(JOBS) $(patsubst t/fuzz/%.cpp,build/fuzz/%,$(FUZZ))
	@t/fuzz/run $(FUZZ_SECONDS)

bench: setup
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH_PROGRAMS)
	@t/bench/bench $(if $(SMOKE),--smoke) $(ONLY)

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

-include $(patsubst %.o,%.d,$(call fuzz_object,$(FUZZED_REPORT)))
-include $(patsubst %.o,%.d,$(call object,$(CONTRACT) $(PARSER) $(PRESENTATION) $(CLOSER) $(REPORT) $(MODULE) $(UNIT) $(SERVER) $(CLIENTS) $(BENCH)))
