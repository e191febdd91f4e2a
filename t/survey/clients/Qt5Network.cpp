// SPDX-License-Identifier: Apache-2.0
// client: Qt 5 QNetworkAccessManager
// kind: library
// debian: libqt5network5 qtbase5-dev
// build: $(pkg-config --cflags --libs Qt5Network)
#include "qt_network.hpp"
