// SPDX-License-Identifier: Apache-2.0
// client: POCO HTTPClientSession
// kind: library
// debian: libpoconet80 libpoconetssl80 libpoco-dev
// build: -lPocoNetSSL -lPocoNet -lPocoFoundation
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/NullStream.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <unistd.h>

#include <memory>

using namespace Poco::Net;

int main(int argc, char** argv) {
    const Poco::URI uri(argv[1]);
    std::unique_ptr<HTTPClientSession> session;
    if (uri.getScheme() == "https") {
        Context::Ptr context =
            new Context(Context::CLIENT_USE, "", Context::VERIFY_RELAXED, 9, true);
        session = std::make_unique<HTTPSClientSession>(uri.getHost(), uri.getPort(), context);
    } else {
        session = std::make_unique<HTTPClientSession>(uri.getHost(), uri.getPort());
    }
    session->setKeepAlive(true);
    const long size = atol(argv[3]);
    for (int i = 0; i < atoi(argv[2]); ++i) {
        HTTPRequest request(HTTPRequest::HTTP_GET, uri.getPath(), HTTPMessage::HTTP_1_1);
        session->sendRequest(request);
        HTTPResponse response;
        std::istream& body = session->receiveResponse(response);
        if (size) {
            body.ignore(size);
            sleep(3600);
        }
        Poco::NullOutputStream nowhere;
        Poco::StreamCopier::copyStream(body, nowhere);
    }
    sleep(3600);
}
