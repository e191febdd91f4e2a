// SPDX-License-Identifier: Apache-2.0
//
// What most tests include and none of us changes, so that the compiler reads it once, see the
// Makefile. A test still includes what it uses: with ccache there is no such header.
//
// g++ 12 forgets here what libstdc++ says of false warnings (#pragma GCC diagnostic): where it sees
// an overflow in std::string("...") + x, append x.
#include <gmock/gmock.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <thread>
