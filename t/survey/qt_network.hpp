// SPDX-License-Identifier: Apache-2.0
//
// The program of Qt5Network.cpp and Qt6Network.cpp, which differ by their packages only.
#include <QCoreApplication>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    QNetworkAccessManager manager;
    int left = atoi(argv[2]);
    const qint64 size = atoll(argv[3]);
    QNetworkRequest request{QUrl(argv[1])};
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, true);
    qint64 got = 0;
    std::function<void()> fetch = [&] {
        QNetworkReply* reply = manager.get(request);
        if (size) {
            reply->setReadBufferSize(65536);
            QObject::connect(reply, &QNetworkReply::readyRead, [&, reply] {
                if (got < size) got += reply->read(65536).size();
            });
        } else {
            QObject::connect(reply, &QNetworkReply::finished, [&, reply] {
                reply->readAll();
                reply->deleteLater();
                if (--left) fetch();
            });
        }
    };
    fetch();
    return QCoreApplication::exec();
}
