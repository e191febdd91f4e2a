// SPDX-License-Identifier: Apache-2.0
// client: Qt 6 QNetworkAccessManager
// kind: library
// debian: libqt6network6 qt6-base-dev
// build: $(pkg-config --cflags --libs Qt6Network)
#include "qt_network.hpp"
