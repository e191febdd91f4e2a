#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The survey's calendar: a collection of CalDAV (RFC 4791) without an event in it.
answer() {
    printf 'Status: 207 Multi-Status\r\nContent-Type: application/xml; charset=utf-8\r\n\r\n'
    printf '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:" %s\n' \
        "xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:S=\"http://calendarserver.org/ns/\">$1</D:multistatus>"
}

cat >/dev/null  # a body left unread would end the connection
case $REQUEST_METHOD in
PROPFIND)
    answer "<D:response><D:href>$REQUEST_URI</D:href><D:propstat><D:prop>
<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>survey</D:displayname>
<S:getctag>1</S:getctag><D:current-user-privilege-set><D:privilege><D:all/></D:privilege></D:current-user-privilege-set>
<C:supported-calendar-component-set><C:comp name=\"VEVENT\"/></C:supported-calendar-component-set>
</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    ;;
REPORT) answer "" ;;
OPTIONS) printf 'Allow: OPTIONS, GET, PUT, DELETE, PROPFIND, REPORT\r\nContent-Length: 0\r\n\r\n' ;;
*) printf 'Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\n' ;;
esac
