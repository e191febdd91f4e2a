# SPDX-License-Identifier: Apache-2.0
# client: Tcl http -keepalive
# kind: library
# debian: tcl tcl-tls
# pattern: ^Tcl http client package
package require http
package require tls
http::register https 443 [list tls::socket -autoservername true]

lassign $argv url times size
if {$size} {
    puts "it takes the reply as fast as it comes"
    exit 77
}
for {set i 0} {$i < $times} {incr i} {
    http::cleanup [http::geturl $url -keepalive 1]
}
vwait forever
