// SPDX-License-Identifier: Apache-2.0
//
// httpd unloads and loads the module at every restart. libstdc++, linked in statically, allocates
// some 72 KB for exceptions thrown without memory each time it is loaded, and leaves them behind.

namespace __gnu_cxx {
void __freeres();  // libsupc++/eh_alloc.cc; made for exactly this, and declared in no header
}

namespace {

[[gnu::destructor]] void give_back_what_libstdcxx_keeps() {
    __gnu_cxx::__freeres();
}

}  // namespace
