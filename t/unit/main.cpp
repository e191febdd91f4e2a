// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "clients/process.hpp"

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    finwait::test::raise_descriptor_limit();
    return RUN_ALL_TESTS();
}
